// The checker finds what was planted, and nothing where nothing was.
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {check} from './cluster_checker.mjs';

const id = (offset) => `00000000000000aa-${offset}`;
const event = (n, {topic = 'a', publisher = 'p'} = {}) => ({topic, publisher, n});
const sent = (n, more) => ({kind: 'sent', ...event(n, more)});
const acknowledged = (n, offset, more) => ({kind: 'acknowledged', ...event(n, more), id: id(offset)});
const received = (client, n, offset, more) => ({kind: 'received', client, ...event(n, more), id: id(offset)});
const subscribed = (client, topics = ['a'], from = id(0)) => ({kind: 'subscribed', client, topics, from});
const gap = (client, from, to, topic = 'a') => ({kind: 'gap', client, topic, requested: id(from), resumed: id(to)});

// Four events that were acknowledged, and came to two clients; `change` plants something.
const sound = () => [
  subscribed('one'), subscribed('two'),
  ...[0, 1, 2, 3].flatMap((n) => [
    sent(n), received('one', n, n + 1), acknowledged(n, n + 1), received('two', n, n + 1),
  ]),
];
const judged = (journal, kept) => check({journal, kept}).violations.join('\n');
const without = (client, ...lost) =>
  sound().filter((entry) => entry.client !== client || entry.kind !== 'received' || !lost.includes(entry.n));
// What the first client received, in place of what it should have.
const seen = (...entries) => [...without('one', 0, 1, 2, 3), ...entries];

describe('the checker of clusters', () => {
  it('FindsNothingWhereNothingIsWrong', () => {
    assert.equal(judged(sound()), '');
    // Of another publisher, and of another topic.
    assert.equal(judged([
      ...sound(), sent(0, {publisher: 'q'}), acknowledged(0, 5, {publisher: 'q'}),
      received('one', 0, 5, {publisher: 'q'}), received('two', 0, 5, {publisher: 'q'}),
      sent(0, {topic: 'b'}), acknowledged(0, 6, {topic: 'b'}),
    ]), '');
  });

  it('AcceptsARetryWithinItsId', () => {
    const journal = sound();
    journal.splice(journal.findIndex(({kind, n}) => kind === 'sent' && n === 2), 0, sent(2), sent(2));
    assert.equal(judged([...journal, acknowledged(2, 3)]), '');
  });

  it('AcceptsWhatIsUnacknowledgedStoredOrNot', () => {
    const unanswered = (journal) => journal.filter(({kind, n}) => kind !== 'acknowledged' || n !== 1);
    assert.deepEqual(check({journal: unanswered(sound())}), {violations: [], late: 0, unacknowledged: 1});
    assert.equal(judged(unanswered(sound()).filter(({kind, n}) => kind !== 'received' || n !== 1)), '');
    // It may come late, after what was sent later.
    const late = unanswered(sound()).filter(({kind, n}) => kind !== 'received' || n !== 1);
    assert.deepEqual(check({journal: [...late, received('one', 1, 9), received('two', 1, 9)]}),
        {violations: [], late: 1, unacknowledged: 1});
  });

  it('AcceptsThatWhatFailedAmidOthersAndWasSentAgainComesAfterThem', () => {
    assert.equal(judged([
      subscribed('one'), sent(0), sent(1), received('one', 1, 1), acknowledged(1, 1), sent(0), acknowledged(0, 2),
      received('one', 0, 2), sent(2), acknowledged(2, 3), received('one', 2, 3),
    ]), '');
  });

  it('AcceptsWhoComesLate', () => {
    assert.equal(judged([...sound(), subscribed('late', ['a'], id(2)),
      received('late', 2, 3), received('late', 3, 4)]), '');
    assert.equal(judged([...sound(), subscribed('late', ['a'], 'earliest'),
      ...[0, 1, 2, 3].map((n) => received('late', n, n + 1))]), '');
  });

  it('AcceptsAGapWhereWhatWasLetGoIsMissing', () => {
    const journal = without('two', 0, 1);
    const at = journal.findIndex(({client, kind}) => client === 'two' && kind === 'received');
    journal.splice(at, 0, gap('two', 0, 2));
    assert.equal(judged(journal, 1), '');
  });

  for (const [planted, journal, says, kept] of [
    ['ALoss', without('one', 1), /one: a p 1 \(\S+-2\) was acknowledged and never came/],
    ['ALossAtTheBeginning', without('one', 0), /one: a p 0 \(\S+-1\) was acknowledged and never came/],
    ['ALossAtTheEnd', without('one', 3), /one: a p 3 \(\S+-4\) was acknowledged and never came/],
    ['ALossByEverybody', without('one', 3).filter(({kind, n}) => kind !== 'received' || n !== 3),
      /two: a p 3 \(\S+-4\) was acknowledged and never came/],
    ['WhatCameToOthersOnly', without('one', 1).filter(({kind, n}) => kind !== 'acknowledged' || n !== 1),
      /one: a p 1 \(\S+-2\) came to others and never came/],
    ['ALossThatAGapElsewhereDoesNotTell', [...without('one', 0, 3), gap('one', 0, 1)],
      /one: a p 3 \(\S+-4\) was acknowledged and never came/, 0],
    ['ALossThatAGapOfAnotherTopicDoesNotTell', [
      ...without('one', 1), sent(0, {topic: 'b'}), {...subscribed('b', ['b'])}, gap('b', 0, 3, 'b')],
    /one: a p 1 \(\S+-2\) was acknowledged and never came/, 0],
    ['ARepeat', [...sound(), received('one', 3, 4)], /one: a p 3 comes twice/],
    ['AnOldRepeat', [...sound(), received('one', 0, 1)], /one: a p 0 comes twice/],
    ['ARepeatUnderANewId', [...sound(), received('one', 1, 7)], /a p 1 comes twice\n.*a p 1 has two ids/],
    ['WhatWasStoredTwice', [...without('two', 2), received('two', 2, 7)], /a p 2 has two ids: \S+-3, and received \S+-7/],
    ['TwoAcknowledgedIds', [...sound(), acknowledged(2, 9)], /a p 2 has two ids: \S+-3, and acknowledged \S+-9/],
    ['AnotherOrderAtOneClient', seen(...[0, 2, 1, 3].map((n) => received('one', n, n + 1))), /ids do not rise/],
    ['AnotherOrderForAll', [
      subscribed('one'), sent(0), sent(1), acknowledged(0, 2), acknowledged(1, 1),
      received('one', 1, 1), received('one', 0, 2)], /a p 1 \(\S+-1\) comes before 0 \(\S+-2\), which was sent before it/],
    ['AnotherOrderThatRetriesDoNotExplain', [
      subscribed('one'), sent(0), sent(0), sent(0), sent(1), acknowledged(0, 2), acknowledged(1, 1), sent(0),
      received('one', 1, 1), received('one', 0, 2)], /a p 1 \(\S+-1\) comes before 0/],
    ['AnUnacknowledgedEventBeforeOlderOnes', [
      subscribed('one'), sent(0), acknowledged(0, 2), sent(1), received('one', 1, 1), received('one', 0, 2)],
    /a p 1 \(\S+-1\) comes before 0 \(\S+-2\), which was sent before it/],
    ['AnOlderEventBehindAnUnacknowledgedOne', [
      subscribed('one'), sent(0), acknowledged(0, 3), sent(1), sent(2), acknowledged(2, 4),
      received('one', 1, 2), received('one', 0, 3), received('one', 2, 4)],
    /a p 1 \(\S+-2\) comes before 0/],
    ['AnotherId', [...without('one', 1), received('one', 1, 5)], /a p 1 has two ids/],
    ['OneIdForTwoEvents', [...sound(), sent(4), acknowledged(4, 4)], /-4 is a p 3, and acknowledged is a p 4/],
    ['AnIdThatIsNone', [...sound(), sent(4), {...acknowledged(4, 5), id: ''}], /a p 4 was acknowledged with no id of ours/],
    ['AnotherEpoch', [...sound(), sent(4), {...acknowledged(4, 5), id: '00000000000000ab-5'}], /in epoch 00000000000000ab/],
    ['AnEventOfNobody', [...sound(), received('one', 7, 9)], /a p 7 was never sent/],
    ['AnEventBeforeItWasSent', [subscribed('one'), received('one', 0, 1), sent(0)], /a p 0 was never sent/],
    ['AnEventOfAnotherTopic', [...sound(), sent(0, {topic: 'b'}), received('one', 0, 9, {topic: 'b'})], /did not ask for/],
    ['AClientWithoutAStart', [...sound(), {kind: 'subscribed', client: 'three', topics: ['b']}], /starts at no id of ours/],
    ['AGapWhereNothingIsMissing', [...sound(), gap('one', 1, 3)], /nothing is missing there/, 0],
    ['AGapOfNothing', [...sound(), gap('one', 3, 3)], /a gap of a from \S+-3 to \S+-3/, 0],
    ['AGapWithoutIds', [...sound(), {...gap('one', 1, 3), requested: 'x'}], /a gap of a from x/, 0],
    ['AGapOfWhatIsKept', [...without('one', 2), gap('one', 2, 3)], /through its event 3, though of 4 the newest 2 are kept/, 2],
    ['AGapWhereAllIsKept', [...without('one', 0), gap('one', 0, 1)], /the newest Infinity are kept/],
  ]) {
    it(`Finds${planted}`, () => assert.match(judged(journal, kept), says));
  }

  it('DoesNotRoundOffsets', () => {
    const far = 14_200_000_000_000_000n;    // past what a double counts one by one
    const at = (n) => `00000000000000aa-${far + BigInt(n)}`;
    const journal = [{...subscribed('one'), from: at(0)}, ...[1, 2, 3].flatMap((n) => [
      sent(n), {...acknowledged(n, 0), id: at(n)}, {...received('one', n, 0), id: at(n)},
    ])];
    assert.equal(judged(journal), '');
    const [, , , first, ...rest] = journal;
    assert.match(judged([...journal.slice(0, 3), ...rest, first]), /ids do not rise/);
  });
});
