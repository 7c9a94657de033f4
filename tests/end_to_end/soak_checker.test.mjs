// The soak's checker finds every kind of fault that is planted.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {check} from './soak_checker.mjs';

const id = (offset) => `00000000000000aa-${offset}`;
const published = new Map([['a', [1, 3, 5, 7, 9].map(id)], ['b', [2, 4, 6, 8].map(id)]]);
const start = (offset) => ({kind: 'start', id: id(offset)});
const event = (topic, n) => ({kind: 'event', topic, n, id: published.get(topic)[n]});
const gap = (topic, from, to, sent) => (
  {kind: 'gap', topic, requested: id(from), resumed: id(to), sent});
const judge = (entries, topics = ['a']) =>
  check({published, kept: 2, transcripts: [{name: 's', topics, entries}]}).join('; ');
const all = [0, 1, 2, 3, 4].map((n) => event('a', n));

const sound = {
  aCompleteSequence: judge([start(0), ...all]),
  aLateStart: judge([start(5), event('a', 3), event('a', 4)]),
  aMerge: judge([start(5), event('b', 2), event('a', 3), event('b', 3), event('a', 4)], ['a', 'b']),
  aGapOfWhatWasLetGo: judge([start(0), event('a', 0), gap('a', 1, 5, 5), event('a', 3), event('a', 4)]),
};
for (const [name, verdict] of Object.entries(sound)) {
  test(`Accepts: ${name}`, () => assert.equal(verdict, ''));
}

const faults = {
  lost: [judge([start(0), ...all.slice(0, 2), ...all.slice(3)]), /lost without a gap/],
  lostAtTheEnd: [judge([start(0), ...all.slice(0, 4)]), /saw 4, published were 5/],
  repeated: [judge([start(0), all[0], all[0], ...all.slice(1)]), /again or late/],
  reordered: [judge([start(0), all[1], all[0], ...all.slice(2)]), /again or late/],
  beforeItsStart: [judge([start(1), ...all]), /again or late/],
  idsThatDoNotRise: [judge([start(5), event('a', 3), event('b', 2), event('a', 4), event('b', 3)],
      ['a', 'b']), /do not rise/],
  anotherId: [judge([start(0), {...all[0], id: id(2)}, ...all.slice(1)]), /its publisher was told/],
  aGapOfNothing: [judge([start(0), all[0], gap('a', 1, 1, 5), ...all.slice(1)]), /nothing was missed/],
  aGapOfWhatIsKept: [judge([start(0), gap('a', 0, 7, 5), all[4]]), /the last 2 are kept/],
  aGapTooEarly: [judge([start(0), gap('a', 0, 3, 3), ...all.slice(2)]), /the last 2 are kept/],
  aForeignTopic: [judge([start(0), event('b', 0), ...all]), /did not subscribe/],
  noStart: [judge([]), /never started/],
};
for (const [name, [verdict, words]] of Object.entries(faults)) {
  test(`Finds: ${name}`, () => assert.match(verdict, words));
}
