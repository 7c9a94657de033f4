// Judges what subscribers saw of a bridge that was killed again and again. Knows nothing of how that happened.
//
// published:   every event that a publisher sent: {topic, publisher, n, id}, `id` as it was acknowledged, or
//              undefined. A publisher's events of a topic are numbered in the order they were sent in.
// transcripts: {name, topics, entries}, its entries in the order they were seen, from before the first event:
//   {kind: 'event', id, topic, publisher, n}
//   {kind: 'gap', topic, requested, resumed}
//
// Answers what is wrong, in words; nothing: every acknowledged event came once to everybody, under the id that
// its publisher was told, and everybody saw the same order.
import {offsetOf} from './soak_checker.mjs';

const keyOf = ({topic, publisher, n}) => `${topic} ${publisher} ${n}`;

export function check({published, transcripts}) {
  const sent = new Map(published.map((event) => [keyOf(event), event]));
  const stored = new Map();   // event -> id, of all that anybody saw
  for (const {entries} of transcripts) {
    for (const entry of entries) if (entry.kind === 'event') stored.set(keyOf(entry), entry);
  }
  return transcripts.flatMap((transcript) => checkOne(transcript, sent, stored));
}

function checkOne({name, topics, entries}, sent, stored) {
  const wrong = [];
  const seen = new Set();
  const last = new Map();     // publisher and topic -> n
  let position = -1;
  entries.forEach((entry, at) => {
    const complain = (text) => wrong.push(`${name}, entry ${at}: ${text}`);
    if (entry.kind === 'gap') return complain(`a gap of ${entry.topic}, ${entry.requested} to ${entry.resumed}`);
    const key = keyOf(entry);
    const line = `${entry.topic} ${entry.publisher}`;
    const event = sent.get(key);
    if (!event) complain(`${key} was never published`);
    if (seen.has(key)) complain(`${key} comes twice`);
    if (entry.n <= last.get(line)) complain(`${key} comes after ${last.get(line)}`);
    if (event?.id && event.id !== entry.id) complain(`${key} has id ${entry.id}, acknowledged was ${event.id}`);
    if (stored.get(key).id !== entry.id) complain(`${key} has id ${entry.id}, elsewhere ${stored.get(key).id}`);
    if (!(offsetOf(entry.id) > position)) complain(`ids do not rise: ${entry.id} after offset ${position}`);
    position = offsetOf(entry.id);
    seen.add(key);
    last.set(line, entry.n);
  });
  const mustSee = (event) => topics.includes(event.topic) && !seen.has(keyOf(event));
  for (const event of sent.values()) {
    if (event.id && mustSee(event)) wrong.push(`${name}: ${keyOf(event)} was acknowledged and never came`);
  }
  for (const event of stored.values()) {
    if (mustSee(event)) wrong.push(`${name}: ${keyOf(event)} came to others only`);
  }
  return wrong;
}
