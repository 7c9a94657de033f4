// Judges a journal of what publishers and clients of a cluster saw, in the order they saw it. Knows nothing of
// bridges, of NATS, or of how faults came about.
//
//   node cluster_checker.mjs JOURNAL    (a line of JSON for each entry)
//
// An event is named by {topic, publisher, n}: a publisher numbers its events of a topic in the order it sends
// them in. An id is EPOCH-OFFSET. Entries (others, and other fields, are passed over):
//   {kind: 'sent', topic, publisher, n}                     again whenever it is sent again
//   {kind: 'acknowledged', topic, publisher, n, id}
//   {kind: 'subscribed', client, topics, from}              once: `from` is the id that its first stream starts
//                                                           at, 'earliest', or nothing where it never had a stream
//   {kind: 'received', client, topic, publisher, n, id}     over all of its connections
//   {kind: 'gap', client, topic, requested, resumed}
//
// What must hold:
// - Whatever was acknowledged came to every client of its topic, once, under the id that its publisher was told,
//   and so did whatever came to anybody.
// - A publisher's events of a topic came in its order: what was sent for the last time before another was sent for the
//   first time came before it. (So it is strict for whoever waits for answers, retries included. What failed amid other
//   requests and is sent again may come after them, and what was never acknowledged may come late.)
// - Every client saw ids rise, and one id means one event everywhere.
// - A gap is told exactly where events are missing, and never of the newest `kept` events of a topic.
import {createReadStream} from 'node:fs';
import {createInterface} from 'node:readline';
import {pathToFileURL} from 'node:url';

// {epoch, offset}; offsets are too large for a double.
export function parseId(id) {
  const match = /^([0-9a-f]{16})-(\d{1,20})(\.end)?$/.exec(id ?? '');
  return match ? {epoch: match[1], offset: BigInt(match[2])} : undefined;
}

const nameOf = ({topic, publisher, n}) => `${topic} ${publisher} ${n}`;
const byOffset = (a, b) => (a.offset < b.offset ? -1 : a.offset > b.offset ? 1 : 0);

// Answers what is wrong, in words, and how many events nobody was told of came all the same.
export function check({journal, kept = Infinity}) {
  const judgement = new Judgement(kept);
  journal.forEach((entry, at) => judgement.take(entry, at));
  return judgement.end();
}

class Judgement {
  violations = [];
  #events = new Map();    // name -> {topic, publisher, n, sentAt, sentLastAt, acknowledgedAt, id, offset}
  #named = new Map();     // id -> name
  #topics = new Map();    // topic -> {epoch, sent: entries of first sends, by their place in the journal}
  #clients = new Map();

  constructor(kept) {
    this.kept = kept;
  }

  take(entry, at) {
    const complain = (text) => this.violations.push(`entry ${at}${entry.client ? `, ${entry.client}` : ''}: ${text}`);
    switch (entry.kind) {
      case 'sent': return this.#takeSent(entry, at);
      case 'acknowledged': return this.#takeAcknowledged(entry, at, complain);
      case 'subscribed': return this.#takeSubscribed(entry, complain);
      case 'received': return this.#takeReceived(entry, complain);
      case 'gap': return this.#takeGap(entry, at, complain);
      default: return undefined;
    }
  }

  #takeSent({topic, publisher, n}, at) {
    const name = nameOf({topic, publisher, n});
    const event = this.#events.get(name);
    if (event) {
      if (event.acknowledgedAt === undefined) event.sentLastAt = at;
      return;
    }
    this.#events.set(name, {topic, publisher, n, sentAt: at, sentLastAt: at});
    if (!this.#topics.has(topic)) this.#topics.set(topic, {sent: [], epoch: undefined});
    this.#topics.get(topic).sent.push(at);
  }

  #takeAcknowledged(entry, at, complain) {
    const event = this.#events.get(nameOf(entry));
    if (!event) return complain(`${nameOf(entry)} was acknowledged and never sent`);
    event.acknowledgedAt ??= at;
    return this.#place(event, entry.id, 'acknowledged', complain);
  }

  // An event has one id, whoever tells it.
  #place(event, id, how, complain) {
    const name = nameOf(event);
    if (event.id) {
      if (event.id !== id) complain(`${name} has two ids: ${event.id}, and ${how} ${id}`);
      return undefined;
    }
    const parsed = parseId(id);
    if (!parsed) return complain(`${name} was ${how} with no id of ours: ${id}`);
    const topic = this.#topics.get(event.topic);
    topic.epoch ??= parsed.epoch;
    if (topic.epoch !== parsed.epoch) complain(`${name} was ${how} in epoch ${parsed.epoch}, before was ${topic.epoch}`);
    const other = this.#named.get(id);
    if (other) return complain(`${id} is ${other}, and ${how} is ${name}`);
    this.#named.set(id, name);
    event.id = id;
    event.offset = parsed.offset;
    return undefined;
  }

  #takeSubscribed({client, topics, from}, complain) {
    if (this.#clients.has(client)) return complain('subscribed twice');
    const start = from === 'earliest' ? -1n : parseId(from)?.offset;
    if (start === undefined) complain(`starts at no id of ours: ${from}`);
    this.#clients.set(client, {topics, start: start ?? -1n, seen: new Set(), gaps: [], position: undefined});
    return undefined;
  }

  #takeReceived(entry, complain) {
    const client = this.#clients.get(entry.client);
    const event = this.#events.get(nameOf(entry));
    const name = nameOf(entry);
    if (!client) return complain(`received ${name} and never subscribed`);
    if (!event) return complain(`${name} was never sent`);
    if (!client.topics.includes(entry.topic)) complain(`${name} is of a topic that it did not ask for`);
    if (client.seen.has(name)) complain(`${name} comes twice`);
    client.seen.add(name);
    const id = parseId(entry.id);
    if (id && client.position !== undefined && id.offset <= client.position) {
      complain(`ids do not rise: ${entry.id} (${name}) after offset ${client.position}`);
    }
    if (id) client.position = id.offset;
    return this.#place(event, entry.id, 'received', complain);
  }

  #takeGap({client: name, topic, requested, resumed}, at, complain) {
    const client = this.#clients.get(name);
    if (!client) return complain('a gap before it subscribed');
    if (!client.topics.includes(topic)) complain(`a gap of ${topic}, which it did not ask for`);
    const [from, to] = [parseId(requested), parseId(resumed)];
    if (!from || !to || from.offset >= to.offset) return complain(`a gap of ${topic} from ${requested} to ${resumed}`);
    // What was sent later cannot be what it is about.
    const sent = this.#topics.get(topic)?.sent.length ?? 0;
    client.gaps.push({topic, from: from.offset, to: to.offset, sent, complain});
    return undefined;
  }

  end() {
    const stored = new Map();   // topic -> its events, by offset
    for (const topic of this.#topics.keys()) stored.set(topic, []);
    for (const event of this.#events.values()) if (event.id) stored.get(event.topic).push(event);
    for (const events of stored.values()) events.sort(byOffset);
    let late = 0;
    for (const events of stored.values()) late += this.#judgeOrder(events);
    for (const [name, client] of this.#clients) this.#judgeClient(name, client, stored);
    return {
      violations: this.violations, late,
      unacknowledged: [...stored.values()].flat().filter(({acknowledgedAt}) => acknowledgedAt === undefined).length,
    };
  }

  // Of the events of a topic, by offset. Answers how many came late, which only unacknowledged ones may.
  #judgeOrder(events) {
    let late = 0;
    const lines = new Map();    // publisher -> its events
    for (const event of events) {
      if (!lines.has(event.publisher)) lines.set(event.publisher, []);
      lines.get(event.publisher).push(event);
    }
    for (const line of lines.values()) late += this.#judgeLine(line);
    return late;
  }

  #judgeLine(line) {
    let late = 0;
    let highest = -1;
    for (const {acknowledgedAt, n} of line) {
      if (acknowledgedAt === undefined && n < highest) late += 1;
      highest = Math.max(highest, n);
    }
    let next;       // of what follows and was acknowledged, what was sent first
    for (const event of [...line].reverse()) {
      if (next?.sentLastAt < event.sentAt) {
        this.violations.push(`${nameOf(event)} (${event.id}) comes before ${next.n} (${next.id}), which was sent before it`);
      }
      if (event.acknowledgedAt !== undefined && !(next?.sentLastAt < event.sentLastAt)) next = event;
    }
    return late;
  }

  #judgeClient(name, {topics, start, seen, gaps}, stored) {
    const missing = [];
    for (const topic of topics) {
      for (const event of stored.get(topic) ?? []) {
        if (event.offset > start && !seen.has(nameOf(event))) missing.push(event);
      }
    }
    for (const gap of gaps) this.#judgeGap(gap, missing, stored);
    for (const event of missing) {
      const told = ({topic, from, to}) => topic === event.topic && event.offset > from && event.offset <= to;
      if (gaps.some(told)) continue;
      const how = event.acknowledgedAt === undefined ? 'came to others' : 'was acknowledged';
      this.violations.push(`${name}: ${nameOf(event)} (${event.id}) ${how} and never came, and no gap told of it`);
    }
  }

  #judgeGap({topic, from, to, sent, complain}, missing, stored) {
    const within = (event) => event.topic === topic && event.offset > from && event.offset <= to;
    if (!missing.some(within)) complain(`a gap of ${topic} from ${from} to ${to}, and nothing is missing there`);
    const through = (stored.get(topic) ?? []).filter(({offset}) => offset <= to).length;
    if (through > sent - this.kept) {
      complain(`a gap of ${topic} to ${to}, through its event ${through}, though of ${sent} the newest ${this.kept} are kept`);
    }
  }
}

// The entries of a file.
export async function readJournal(file) {
  const journal = [];
  for await (const line of createInterface({input: createReadStream(file)})) journal.push(JSON.parse(line));
  return journal;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const {violations, ...figures} = check({journal: await readJournal(process.argv[2])});
  violations.forEach((violation) => console.log(violation));
  console.log(`${violations.length} violations, ${JSON.stringify(figures)}`);
  process.exitCode = violations.length ? 1 : 0;
}
