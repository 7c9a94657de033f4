// Judges what subscribers saw of a bridge that was killed again and again. Knows nothing of how that happened.
//
// published:   every event that a publisher sent: {topic, publisher, n, id, at}, `id` as it was acknowledged, or
//              undefined; `at` when it was sent, in ms. A publisher's events of a topic are numbered in the order they
//              were sent in.
// transcripts: {name, topics, entries}, its entries in the order they were seen, from before the first event:
//   {kind: 'event', id, topic, publisher, n}
//   {kind: 'gap', topic, requested, resumed, at}
// kept, ageMs: how many events of a topic the log keeps, and for how long. Not told: all, for ever.
//
// Answers what is wrong, in words; nothing: every acknowledged event came once to everybody, under the id that
// its publisher was told, and everybody saw the same order. What did not come is in a gap, and every gap is true: each
// event in it was too old by then, or its topic had as many newer ones as are kept.
import {offsetOf} from './soak_checker.mjs';

const keyOf = ({topic, publisher, n}) => `${topic} ${publisher} ${n}`;

export function check({published, transcripts, kept = Infinity, ageMs = Infinity}) {
  const sent = new Map(published.map((event) => [keyOf(event), event]));
  const stored = new Map();   // event -> id, of all that anybody saw
  for (const {entries} of transcripts) {
    for (const entry of entries) if (entry.kind === 'event') stored.set(keyOf(entry), entry);
  }
  for (const event of published) if (event.id && !stored.has(keyOf(event))) stored.set(keyOf(event), event);
  const letGo = new LettingGo({published, stored, kept, ageMs});
  return transcripts.flatMap((transcript) => checkOne(transcript, sent, stored, letGo));
}

// What the log may have let go of, when a gap was told.
class LettingGo {
  constructor({published, stored, kept, ageMs}) {
    Object.assign(this, {kept, ageMs, stored: [...stored.values()], sent: new Map(published.map((event) => [keyOf(event), event]))});
  }

  // The events in it, with whether each may be gone.
  inGap({topic, requested, resumed, at}) {
    const [first, last] = [offsetOf(requested), offsetOf(resumed)];
    const of = this.stored.filter((event) => event.topic === topic);
    const sentAt = (event) => this.sent.get(keyOf(event))?.at ?? -Infinity;
    const newer = of.filter((event) => offsetOf(event.id) > last && sentAt(event) <= at).length;
    return of.filter(({id}) => offsetOf(id) > first && offsetOf(id) <= last).map((event) => ({
      event, mayBeGone: newer >= this.kept || at - sentAt(event) > this.ageMs,
    }));
  }
}

function checkOne({name, topics, entries}, sent, stored, letGo) {
  const wrong = [];
  const seen = new Set();
  const inGaps = new Set();
  const last = new Map();     // publisher and topic -> n
  let position = -1;
  entries.forEach((entry, at) => {
    const complain = (text) => wrong.push(`${name}, entry ${at}: ${text}`);
    if (entry.kind === 'gap') {
      const events = letGo.inGap(entry);
      const text = `a gap of ${entry.topic}, ${entry.requested} to ${entry.resumed}`;
      if (events.length === 0) complain(`${text}, in which nothing was`);
      for (const {event, mayBeGone} of events) {
        if (!mayBeGone) complain(`${text}, though ${keyOf(event)} was kept`);
        inGaps.add(keyOf(event));
      }
      return;
    }
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
  const mustSee = (event) => topics.includes(event.topic) && !seen.has(keyOf(event)) && !inGaps.has(keyOf(event));
  for (const event of sent.values()) {
    if (event.id && mustSee(event)) wrong.push(`${name}: ${keyOf(event)} was acknowledged and never came`);
  }
  for (const event of stored.values()) {
    if (mustSee(event)) wrong.push(`${name}: ${keyOf(event)} came to others only`);
  }
  return wrong;
}
