// A bridge with its event log on disk is killed (SIGKILL) under load at random moments, every third time once more
// while it starts again, and between kills reads of its tables fail for a while. Every publisher sends one request
// after the other; half of them give their events ids and send a request that was not answered again, the others go
// on with the next. Subscribers resume where they were. Events are let go of all the time: of topics with too many, and
// of all when they are old. What everybody saw goes to crash_checker.mjs.
//
//   node crash.mjs [--kills 100] [--seed N] [--sync always|interval|never] [--publishers 6] [--kept 200] [--age 15]
//
// Prints its seed: it decides who sends what, and when the bridge is killed (as far as time can be told again).
import {spawnSync} from 'node:child_process';
import {randomInt} from 'node:crypto';
import {rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {parseArgs} from 'node:util';
import {check} from './crash_checker.mjs';
import {call, publisher as publisherOf, toEvent} from './grpc.mjs';
import {eventually, freePort, openToAll, scope, startBridge, temporaryFolder, writeConfig} from './harness.mjs';
import {randomFrom} from './random.mjs';
import {RawStream} from './raw_stream.mjs';

// `kept`: events of a topic; `age`: seconds.
export const defaults = {kills: 100, sync: 'always', publishers: 6, kept: 200, age: 15};
const acknowledgedBetween = 40;   // events, at most, before the clock of the next kill starts
const msUntilKill = 40;
const msOfStart = 150;            // in which a start is killed
const msOfFaults = 100;

// The bridge that runs now, on the same ports and files each time.
class KilledBridge {
  kills = 0;
  killedStarts = 0;

  static async make(t, {sync, kept, age}) {
    const folder = temporaryFolder(t);
    const library = path.join(folder, 'read_faults.so');
    const source = fileURLToPath(new URL('read_faults.c', import.meta.url));
    const made = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], {encoding: 'utf8'});
    if (made.status !== 0) throw new Error(`read_faults.c: ${made.stderr}`);
    const faults = path.join(folder, 'faults');
    const config = writeConfig(t, {
      ...openToAll,
      event_log: {rocksdb: {
        path: path.join(folder, 'events'), sync,
        events_per_topic: kept, max_age: `${age}s`, deduplication_window: '60s', deduplication_ids: 10_000_000,
      }},
    });
    const bridge = new KilledBridge();
    Object.assign(bridge, {t, faults, start: {
      configFile: config, httpPort: await freePort(), grpcPort: await freePort(),
      env: {LD_PRELOAD: library, READ_FAULTS: faults},
    }});
    bridge.next();
    await bridge.running;
    return bridge;
  }

  next() {
    this.running = startBridge(this.t, this.start);
    this.running.catch(() => {});
    this.program = this.t.programs.at(-1);
  }

  // Once it runs, however often it must be started for that.
  async ready() {
    for (;;) {
      const running = await this.running.catch(() => undefined);
      if (running) return running;
      await sleep(5);
    }
  }

  async failReads(ms) {
    writeFileSync(this.faults, '');
    await sleep(ms);
    rmSync(this.faults, {force: true});
  }

  async #end() {
    this.program.child.kill('SIGKILL');
    await this.program.exited;
    this.next();
  }

  // `msOfStart`: after so long the start that follows is killed, too.
  async kill(msOfStart) {
    await this.#end();
    this.kills += 1;
    if (msOfStart !== undefined) {
      await sleep(msOfStart);
      await this.#end();
      this.killedStarts += 1;
    }
    await this.running;
  }
}

class CrashPublisher {
  sent = [];          // {topic, publisher, n, id, at}
  acknowledged = 0;
  #next = new Map();

  constructor(bridge, index, seed) {
    this.random = randomFrom(seed + 7919 * (index + 1));
    this.bridge = bridge;
    this.name = `p${index}`;
    this.givesIds = index % 2 === 0;
    this.topics = [`crash/${index}`, 'crash/shared'];
  }

  async run(finished) {
    while (!finished()) await this.#send();
    // One more of each topic that is answered, so that everybody knows where the end is.
    for (const topic of this.topics) while (!await this.#send([this.#make(topic)]));
  }

  // Whether it was acknowledged.
  async #send(events = this.#makeSome()) {
    const at = Date.now();
    this.sent.push(...events.map((event) => Object.assign(event, {at})));
    const request = {events: events.map((event) => toEvent({
      topic: event.topic, type: 'tick', json: {topic: event.topic, publisher: event.publisher, n: event.n},
      ...(this.givesIds ? {id: `${event.publisher}-${event.n}`} : {}),
    }))};
    do {
      const bridge = await this.bridge.ready();
      try {
        const {results} = await call(publisherOf(bridge), 'Publish', request, {ms: 20_000});
        results.forEach(({id}, i) => { events[i].id = id; });
        this.acknowledged += events.length;
        return true;
      } catch (error) {
        if (error.code === 6) throw error;  // ALREADY_EXISTS: the same content was sent
      }
      await sleep(1);
    } while (this.givesIds);
    return false;
  }

  #makeSome() {
    return Array.from({length: 1 + this.random(4)}, () => this.#make(this.topics[this.random(this.topics.length)]));
  }

  #make(topic) {
    const n = this.#next.get(topic) ?? 0;
    this.#next.set(topic, n + 1);
    return {topic, publisher: this.name, n, id: undefined};
  }
}

class CrashSubscriber {
  entries = [];
  resumes = -1;

  constructor(bridge, name, topics) {
    Object.assign(this, {bridge, name, topics});
    this.seen = new Set();
    this.#connect();
  }

  async #connect() {
    const {httpPort} = await this.bridge.ready();
    if (this.leaving) return;
    this.resumes += 1;
    this.stream = new RawStream({
      port: httpPort, target: `/v1/events?${this.topics.map((topic) => `topic=${topic}`).join('&')}`,
      lastEventId: this.lastEventId,
      onEvent: (event) => this.#take(event),
      onClose: () => sleep(1).then(() => this.#connect()),
    });
  }

  #take({event, id, data}) {
    if (id) this.lastEventId = id;
    if (event === 'connect') {
      this.connected = true;
    } else if (event === 'gap') {
      this.entries.push({kind: 'gap', ...JSON.parse(data), at: Date.now()});
    } else {
      this.entries.push({kind: 'event', id, ...JSON.parse(data)});
      this.seen.add(id);
    }
  }

  leave() {
    this.leaving = true;
    this.stream?.drop();
  }
}

// Answers {violations, events, acknowledged, resumes, kills, ms}.
export async function crash(t, {seed, kills, sync, publishers: count, kept, age}) {
  const began = Date.now();
  const random = randomFrom(seed);
  const bridge = await KilledBridge.make(t, {sync, kept, age});
  const publishers = Array.from({length: count}, (_, i) => new CrashPublisher(bridge, i, seed));
  const topics = [...new Set(publishers.flatMap((publisher) => publisher.topics))];
  const subscribers = topics.map((topic) => new CrashSubscriber(bridge, `of ${topic}`, [topic]));
  const all = new CrashSubscriber(bridge, 'of all topics', topics);
  subscribers.push(all);
  t.after(() => subscribers.forEach((subscriber) => subscriber.leave()));
  await eventually(() => subscribers.every(({connected}) => connected), 'everybody is connected');

  const acknowledged = () => publishers.reduce((sum, publisher) => sum + publisher.acknowledged, 0);
  const published = Promise.all(publishers.map((publisher) => publisher.run(() => bridge.kills >= kills)));
  published.catch(() => {});
  while (bridge.kills < kills) {
    const enough = acknowledged() + random(acknowledgedBetween);
    await eventually(() => acknowledged() >= enough, 'publishes are answered', 30_000);
    const first = bridge.kills === 0;   // a short run tries all of it, too
    if (random(4) === 0 || first) await bridge.failReads(random(msOfFaults));
    await sleep(random(msUntilKill));
    await bridge.kill(random(3) === 0 || first ? random(msOfStart) : undefined);
  }
  await published;

  const sent = publishers.flatMap((publisher) => publisher.sent);
  const idsOf = (topic) => sent.filter((event) => event.topic === topic && event.id).map(({id}) => id);
  const expected = new Map(topics.map((topic) => [topic, idsOf(topic)]));
  const done = (subscriber) => subscriber.topics.every((topic) => subscriber.seen.has(expected.get(topic).at(-1)));
  await eventually(() => subscribers.every(done), 'everybody has seen the end', 30_000)
      .catch((error) => console.log(error.message));

  // Somebody who comes only now reads all of it from the disk.
  const [epoch] = sent.find(({id}) => id).id.split('-');
  const late = topics.map((topic) => new CrashSubscriber(bridge, `of ${topic}, late`, [topic]));
  late.forEach((subscriber) => { subscriber.lastEventId = `${epoch}-0`; });
  subscribers.push(...late);
  await eventually(() => late.every(done), 'the history is read', 30_000)
      .catch((error) => console.log(error.message));

  return {
    violations: check({published: sent, transcripts: subscribers, kept, ageMs: age * 1000}),
    kills: bridge.kills, killedStarts: bridge.killedStarts, events: sent.length, acknowledged: acknowledged(),
    gaps: subscribers.reduce((sum, {entries}) => sum + entries.filter(({kind}) => kind === 'gap').length, 0),
    resumes: subscribers.reduce((sum, {resumes}) => sum + resumes, 0), ms: Date.now() - began,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const {values} = parseArgs({options: Object.fromEntries(
      ['seed', ...Object.keys(defaults)].map((name) => [name, {type: 'string'}]))});
  const options = {
    ...defaults, seed: randomInt(2 ** 31),
    ...Object.fromEntries(Object.entries(values).map(([name, text]) => [name, name === 'sync' ? text : Number(text)])),
  };
  console.log(`crash: ${JSON.stringify(options)}`);
  const t = scope();
  try {
    const {violations, ...figures} = await crash(t, options);
    console.log(`crash: ${JSON.stringify(figures)}`);
    violations.slice(0, 20).forEach((violation) => console.log(violation));
    console.log(`crash: ${violations.length} violations`);
    process.exitCode = violations.length ? 1 : 0;
  } finally {
    await t.end();
  }
}
