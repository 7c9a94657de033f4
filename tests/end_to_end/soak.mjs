// The big one: many events on many topics to many subscribers, a third of which drop their connection at any
// byte, stay away for a while, and resume. What each of them saw goes to soak_checker.mjs.
//
//   node soak.mjs [--seed N] [--events 50000] [--topics 200] [--subscribers 500] [--kept 40] [--padding 0]
//
// With padding (bytes in each event) another third stops reading for a while now and then, and their sockets
// fill up.
// Prints its seed; the same seed makes the same plan. Time is counted in events sent, never in seconds.
import {pathToFileURL} from 'node:url';
import {parseArgs} from 'node:util';
import {eventually, openToAll, scope, startBridge} from './harness.mjs';
import {publishStream} from './grpc.mjs';
import {RawStream} from './raw_stream.mjs';
import {check, offsetOf} from './soak_checker.mjs';

export const defaults = {events: 50_000, topics: 200, subscribers: 500, kept: 40, padding: 0};
const publishers = 4;          // each has topics of its own, so that it decides their order
const eventsPerRequest = 25;
const requestsUnanswered = 8;
const lagMax = 8;              // events that a steady subscriber may be behind before publishers wait

// mulberry32: small, and the same on every machine.
function randomFrom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  return {below: (n) => Math.floor(next() * n), chance: (p) => next() < p};
}

// What is published: which topic each event goes to, and how much of it has been sent.
class Publication {
  constructor({events, topics, seed, padding}) {
    const random = randomFrom(seed);
    this.names = Array.from({length: topics}, (_, i) => `soak/${i}`);
    this.plan = Array.from({length: events}, (_, i) => i < topics ? i : random.below(topics));
    this.sentOf = new Map(this.names.map((name) => [name, 0]));
    this.ids = new Map(this.names.map((name) => [name, []]));
    this.sent = 0;
    this.padding = 'x'.repeat(padding);
  }

  get finished() {
    return this.sent === this.plan.length;
  }

  take(topic) {
    const name = this.names[topic];
    const n = this.sentOf.get(name);
    this.sentOf.set(name, n + 1);
    this.sent += 1;
    return {topic: name, type: 'tick', json: {topic: name, n, padding: this.padding}};
  }

  // One publisher's share, in order, as fast as `mayGoOn` lets it.
  async publish(t, bridge, share, mayGoOn) {
    const mine = this.plan.filter((topic) => topic % publishers === share);
    const stream = publishStream(t, bridge);
    const requests = [];
    for (let at = 0; at < mine.length; at += eventsPerRequest) {
      await stream.results.when((items) => requests.length - items.length < requestsUnanswered,
          'answers to publishes', 60_000);
      await mayGoOn();
      const events = mine.slice(at, at + eventsPerRequest).map((topic) => this.take(topic));
      requests.push(events);
      await stream.send(events);
    }
    const answers = await stream.results.when((items) => items.length === requests.length && items,
        'every publish is answered', 60_000);
    answers.forEach(({status, results}, i) => {
      if (status?.code) throw new Error(`a publish was refused: ${status.message}`);
      results.forEach(({id}, j) => this.ids.get(requests[i][j].topic).push(id));
    });
    stream.end();
  }
}

class SoakSubscriber {
  entries = [];
  resumes = 0;
  #seen = new Map();

  constructor(publication, port, index, {seed, topics, events, padding}) {
    const random = randomFrom(seed + 7919 * (index + 1));
    Object.assign(this, {publication, port, random});
    this.name = `subscriber ${index}`;
    this.drops = index % 3 === 0;
    this.sleeps = index % 3 === 1 && padding > 0;
    this.bytesUntilDrop = 8_000 + 30 * padding;
    this.http10 = random.chance(0.2);
    this.startsAt = random.chance(0.1) ? random.below(events) : 0;
    const wanted = new Set([publication.names[index % topics]]);
    for (let more = random.chance(0.2) ? 1 + random.below(5) : 0; more > 0; --more) {
      wanted.add(publication.names[random.below(topics)]);
    }
    this.topics = [...wanted];
  }

  get received() {
    return this.entries.length;
  }

  // Whether the publication has come so far that it connects (again).
  onProgress() {
    const {sent, finished} = this.publication;
    if (!this.stream && (finished || sent >= this.startsAt)) this.connect();
    if (this.stream && (finished || sent >= this.wakesAt)) this.stream.socket.resume();
  }

  connect() {
    const target = this.topics.length === 1 ? `/v1/${this.topics[0]}` :
      `/v1/events?${this.topics.map((topic) => `topic=${topic}`).join('&')}`;
    this.stream = new RawStream({
      port: this.port, target, http10: this.http10, lastEventId: this.lastEventId,
      dropAfter: this.#dropAfter(),
      onEvent: (event) => this.#take(event), onClose: (stream) => this.#onClose(stream),
    });
  }

  // Anywhere, also inside the head; only the first time not before it knows where it stands.
  #dropAfter() {
    if (!this.drops || this.publication.finished) return Infinity;
    return (this.received ? 1 : 1_000) + this.random.below(this.bytesUntilDrop);
  }

  #take({event, id, data}) {
    this.lastEventId = id;
    if (event === 'connect') {
      if (!this.entries.length) this.entries.push({kind: 'start', id});
    } else if (event === 'gap') {
      const {topic, requested, resumed} = JSON.parse(data);
      this.entries.push(
          {kind: 'gap', topic, requested, resumed, sent: this.publication.sentOf.get(topic)});
    } else {
      const {topic, n} = JSON.parse(data);
      this.entries.push({kind: 'event', id, topic, n});
      this.#seen.set(topic, n);
    }
    if (this.sleeps && !this.publication.finished && this.random.chance(0.02)) {
      this.stream.socket.pause();
      this.wakesAt = this.publication.sent + this.random.below(3_000);
    }
  }

  #onClose({dropped, error, status}) {
    if (error || !dropped) this.failure ??= error ?? `the bridge closed a stream (status ${status})`;
    this.stream = undefined;
    this.resumes += 1;
    this.startsAt = this.publication.sent + (this.random.chance(0.1) ? 0 : this.random.below(12_000));
    if (!this.leaving) this.onProgress();
  }

  // Whether the last event of each of its topics has come, or lay before its start.
  done() {
    const start = this.entries[0] && offsetOf(this.entries[0].id);
    return this.stream && this.topics.every((topic) => {
      const ids = this.publication.ids.get(topic);
      return this.#seen.get(topic) === ids.length - 1 || offsetOf(ids.at(-1)) <= start;
    });
  }

  leave() {
    this.leaving = true;
    this.stream?.drop();
  }
}

// Answers {violations, deliveries, gaps, resumes, ms}.
export async function soak(t, options) {
  const bridge = await startBridge(t, {config: {
    ...openToAll,
    event_log: {memory: {events_per_topic: options.kept}},
    hub: {window_bytes: 2048},
  }});
  const publication = new Publication(options);
  const subscribers = Array.from({length: options.subscribers}, (_, i) =>
    new SoakSubscriber(publication, bridge.httpPort, i, options));
  t.after(() => subscribers.forEach((subscriber) => subscriber.leave()));

  const began = Date.now();
  const progress = () => subscribers.forEach((subscriber) => subscriber.onProgress());
  progress();
  const early = subscribers.filter(({startsAt}) => startsAt === 0);
  await eventually(() => early.every(({received}) => received > 0), 'everybody is connected', 30_000);

  const steady = early.filter(({drops, sleeps}) => !drops && !sleeps);
  const expectedOf = (subscriber) => subscriber.topics.reduce(
      (sum, topic) => sum + publication.sentOf.get(topic), 0);
  const behind = () => steady.reduce((sum, one) => sum + expectedOf(one) + 1 - one.received, 0);
  const mayGoOn = () => {
    progress();
    return behind() > lagMax * steady.length &&
      eventually(() => behind() <= lagMax * steady.length, 'steady subscribers keep up', 30_000);
  };
  await Promise.all(Array.from({length: publishers}, (_, share) =>
    publication.publish(t, bridge, share, mayGoOn)));
  progress();
  const late = () => subscribers.filter((subscriber) => !subscriber.done());
  await eventually(() => late().length === 0, 'everybody has seen the end', 60_000).catch((error) => {
    console.log(`${error.message}: ${late().slice(0, 5).map(({name, failure}) => `${name} ${failure ?? ''}`)}`);
  });

  const failures = subscribers.filter(({failure}) => failure).map(({name, failure}) => `${name}: ${failure}`);
  const entries = subscribers.flatMap((subscriber) => subscriber.entries);
  return {
    violations: [...failures, ...check({
      published: publication.ids, kept: options.kept, transcripts: subscribers,
    })],
    deliveries: entries.filter(({kind}) => kind === 'event').length,
    gaps: entries.filter(({kind}) => kind === 'gap').length,
    resumes: subscribers.reduce((sum, subscriber) => sum + subscriber.resumes, 0),
    ms: Date.now() - began,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const {values} = parseArgs({options: Object.fromEntries(
      ['seed', ...Object.keys(defaults)].map((name) => [name, {type: 'string'}]))});
  const given = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]));
  const options = {...defaults, seed: Date.now() % 2 ** 31, ...given};
  console.log(`soak: ${JSON.stringify(options)}`);
  const t = scope();
  try {
    const {violations, ...figures} = await soak(t, options);
    console.log(`soak: ${JSON.stringify(figures)}`);
    violations.slice(0, 20).forEach((violation) => console.log(violation));
    console.log(`soak: ${violations.length} violations`);
    process.exitCode = violations.length ? 1 : 0;
  } finally {
    await t.end();
  }
}
