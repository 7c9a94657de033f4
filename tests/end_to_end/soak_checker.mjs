// Judges what subscribers saw against what was published. Knows nothing of how either happened.
//
// published: topic -> ids in the order of publication
// kept:      how many events of a topic the log is sure to keep
// a transcript: {name, topics, entries}, its entries in the order they were seen:
//   {kind: 'start', id}                              where the first stream began
//   {kind: 'event', id, topic, n}                    the n-th event of its topic
//   {kind: 'gap', topic, requested, resumed, sent}   `sent`: how many of the topic were sent by then
//
// Answers what is wrong, in words; nothing: every sequence is complete, in order and without repeats, or has
// a gap exactly where the log had let go.

export const offsetOf = (id) => {
  const match = /^[0-9a-f]{16}-(\d+)(\.end)?$/.exec(id ?? '');
  return match ? Number(match[1]) : NaN;
};

export function check({published, kept, transcripts}) {
  const offsets = new Map([...published].map(([topic, ids]) => [topic, ids.map(offsetOf)]));
  return transcripts.flatMap((transcript) => checkOne(transcript, published, offsets, kept));
}

function checkOne({name, topics, entries}, published, offsets, kept) {
  const wrong = [];
  const complain = (at, text) => wrong.push(`${name}, entry ${at}: ${text}`);
  const next = new Map();
  let position = -1;

  if (entries[0]?.kind !== 'start') return [`${name}: never started`];
  entries.forEach((entry, at) => {
    if (entry.kind === 'start') {
      position = offsetOf(entry.id);
      if (Number.isNaN(position)) complain(at, `starts at no id of ours: ${entry.id}`);
      for (const topic of topics) next.set(topic, countThrough(offsets.get(topic), position));
    } else if (!next.has(entry.topic)) {
      complain(at, `${entry.kind} of ${entry.topic}, which it did not subscribe to`);
    } else if (entry.kind === 'event') {
      checkEvent(entry, at);
    } else {
      checkGap(entry, at);
    }
  });
  for (const [topic, n] of next) {
    const total = published.get(topic).length;
    if (n !== total) wrong.push(`${name}: of ${topic} it saw ${n}, published were ${total}`);
  }
  return wrong;

  function checkEvent({id, topic, n}, at) {
    const expected = next.get(topic);
    if (n < expected) complain(at, `${topic} ${n} comes again or late, expected ${expected}`);
    if (n > expected) complain(at, `${topic} ${expected} to ${n - 1} are lost without a gap`);
    if (id !== published.get(topic)[n]) {
      complain(at, `${topic} ${n} has id ${id}, its publisher was told ${published.get(topic)[n]}`);
    }
    if (!(offsetOf(id) > position)) complain(at, `ids do not rise: ${id} after offset ${position}`);
    position = offsetOf(id);
    next.set(topic, n + 1);
  }

  function checkGap({topic, requested, resumed, sent}, at) {
    const from = next.get(topic);
    const to = countThrough(offsets.get(topic), offsetOf(resumed));
    if (Number.isNaN(offsetOf(requested)) || Number.isNaN(offsetOf(resumed))) {
      complain(at, `a gap without positions: ${requested} to ${resumed}`);
    }
    if (to <= from) complain(at, `a gap of ${topic} at ${from} though nothing was missed`);
    if (to > sent - kept) {
      complain(at, `a gap of ${topic} ${from} to ${to - 1}, but of ${sent} the last ${kept} are kept`);
    }
    next.set(topic, Math.max(from, to));
  }
}

// How many of the rising offsets are not past `offset`.
function countThrough(rising, offset) {
  let low = 0;
  for (let high = rising.length; low < high;) {
    const middle = (low + high) >> 1;
    if (rising[middle] <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
