// The checker finds what was planted, and nothing where nothing was.
import assert from 'node:assert/strict';
import {describe, it} from 'node:test';
import {check} from './crash_checker.mjs';

const id = (offset) => `00000000000000aa-${offset}`;
const event = (offset, n, {topic = 'a', publisher = 'p'} = {}) =>
  ({kind: 'event', id: id(offset), topic, publisher, n});

function judged({published, mine, others, ...bounds}) {
  const all = [event(1, 0), event(2, 1), event(3, 2)];
  return check({
    ...bounds,
    published: published ?? all,
    transcripts: [
      {name: 'one', topics: ['a'], entries: mine ?? all},
      {name: 'other', topics: ['a'], entries: others ?? all},
    ],
  });
}

describe('the checker of crashes', () => {
  it('FindsNothingWhereNothingIsWrong', () => {
    assert.deepEqual(judged({}), []);
    // What was not acknowledged may be stored or not, as long as it is the same for all.
    const published = [event(1, 0), {...event(2, 1), id: undefined}, event(3, 2)];
    assert.deepEqual(judged({published}), []);
    const without = [event(1, 0), event(3, 2)];
    assert.deepEqual(judged({published, mine: without, others: without}), []);
  });

  for (const [planted, mine, says] of [
    ['ALoss', [event(1, 0), event(3, 2)], /a p 1 was acknowledged and never came/],
    ['ALossAtTheEnd', [event(1, 0), event(2, 1)], /a p 2 was acknowledged and never came/],
    ['ARepeat', [event(1, 0), event(2, 1), event(2, 1), event(3, 2)], /a p 1 comes twice/],
    ['ARepeatUnderANewId', [event(1, 0), event(2, 1), event(3, 2), event(4, 1)], /a p 1 comes twice/],
    ['AnotherOrder', [event(1, 1), event(2, 0), event(3, 2)], /a p 0 comes after 1/],
    ['AnotherId', [event(1, 0), event(2, 1), event(7, 2)], /has id \S+7, acknowledged was \S+3/],
    ['IdsThatFall', [event(2, 0), event(1, 1), event(3, 2)], /ids do not rise/],
    ['AGap', [event(1, 0), {kind: 'gap', topic: 'a', requested: id(1), resumed: id(2)}, event(3, 2)], /a gap of a/],
    ['AnEventOfNobody', [event(1, 0), event(2, 1), event(3, 2), event(4, 3)], /a p 3 was never published/],
  ]) {
    it(`Finds${planted}`, () => assert.match(judged({mine}).join('\n'), says));
  }

  const gap = {kind: 'gap', topic: 'a', requested: id(0), resumed: id(2), at: 2000};
  const sentAt = (at) => [event(1, 0), event(2, 1), event(3, 2)].map((one) => ({...one, at}));

  it('TakesAGapOfWhatMayBeGone', () => {
    assert.deepEqual(judged({published: sentAt(1000), mine: [gap, event(3, 2)], kept: 1}), []);
    assert.deepEqual(judged({published: sentAt(1000), mine: [gap, event(3, 2)], ageMs: 500}), []);
  });

  for (const [planted, more, says] of [
    ['OfWhatMustBeKept', {kept: 2}, /though a p 0 was kept/],
    ['OfWhatIsYoung', {ageMs: 1500}, /though a p 1 was kept/],
    ['ThatHoldsNothing', {kept: 1, mine: [event(1, 0), event(2, 1), {...gap, requested: id(2)}, event(3, 2)]}, /in which nothing was/],
    ['WithALossBehindIt', {kept: 1, mine: [{...gap, resumed: id(1)}, event(3, 2)]}, /a p 1 was acknowledged and never came/],
  ]) {
    it(`FindsAGap${planted}`, () => {
      assert.match(judged({published: sentAt(1000), mine: [gap, event(3, 2)], ...more}).join('\n'), says);
    });
  }

  it('FindsWhatOnlySomeSaw', () => {
    const published = [event(1, 0), {...event(2, 1), id: undefined}, event(3, 2)];
    assert.match(judged({published, mine: [event(1, 0), event(3, 2)]}).join('\n'), /came to others only/);
  });
});
