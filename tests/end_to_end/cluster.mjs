// Bridges on a JetStream cluster of three NATS servers, under load, while servers and bridges are killed (SIGKILL),
// stopped (SIGSTOP) and cut off, one after the other. Publishers with an id for each event send what was not answered
// again; clients resume where they were, at any bridge. What everybody saw goes to cluster_checker.mjs.
//
//   node cluster.mjs [--minutes 10] [--seed N] [--bridges 2] [--streams 1] [--pause 40] [--fault 8] [--journal FILE]
//     [--except 'a server is stopped, a bridge is killed']
//
// `except`: faults that are left out; `--except none` leaves out nothing. Where it is not said, servers of a version whose
// replicas do not survive it are not stopped, nor cut off from each other, and it says so. `pause`: milliseconds between two requests of a publisher, on average. `fault`: how many seconds a fault lasts at
// most. Prints its seed: it decides who sends what, and which fault comes next (not what the machine makes of it).
// The journal is written where something is wrong: `node cluster_checker.mjs FILE` judges it again.
import {randomBytes, randomInt} from 'node:crypto';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {createWriteStream} from 'node:fs';
import {once} from 'node:events';
import {setTimeout as sleep} from 'node:timers/promises';
import {pathToFileURL} from 'node:url';
import {parseArgs} from 'node:util';
import {SignJWT} from 'jose';
import {check} from './cluster_checker.mjs';
import {ClusterClient, ClusterPublisher, Journal, StreamingPublisher} from './cluster_clients.mjs';
import {faultsOf, leadersMistaken} from './cluster_faults.mjs';
import {eventually, scope, startBridge, steadyPort, writeConfig} from './harness.mjs';
import {NatsCluster, replicasDrift} from './nats_cluster.mjs';
import {randomFrom} from './random.mjs';
import {request} from './sse.mjs';

export const defaults = {minutes: 10, bridges: 2, streams: 1, pause: 40, fault: 8};
const groups = 3;       // of topics; the topics of a group are in one stream
const publishers = 6;
const recoveryMs = 90_000;
const secret = randomBytes(32).toString('hex');

const tokenOf = (subject) => new SignJWT({sub: subject, sluice: {publish: ['**']}})
    .setProtectedHeader({alg: 'HS256'}).setExpirationTime('6h').sign(new TextEncoder().encode(secret));

function configuration(addresses, streams) {
  const heartbeat = {interval: '1s', event: 'heartbeat'};
  return {
    authorizer: {jwt: {keys: [{algorithm: 'HS256', secret}]}},
    publishing: {authorize: true},
    default_routes: false,
    routes: [
      {path: '/v1/events', public: true, heartbeat},
      {path: '/history', public: true, heartbeat, start: 'earliest'},
    ],
    event_log: {jetstream: {
      servers: addresses, replicas: 3, events_per_topic: 10_000_000, deduplication_window: '20m', append_timeout: '4s',
      ...(streams > 1 ? {streams, stream_by_segments: 2} : {}),
    }},
  };
}

// A bridge that is started again with the same ports.
class Bridge {
  static async start(t, nats, streams) {
    const bridge = new Bridge();
    const {addresses, links} = await nats.linksFor();
    Object.assign(bridge, {t, links, httpPort: await steadyPort(), grpcPort: await steadyPort()});
    bridge.grpc = `127.0.0.1:${bridge.grpcPort}`;
    bridge.configFile = writeConfig(t, configuration(addresses, streams));
    await bridge.start();
    return bridge;
  }

  async start() {
    const {configFile, httpPort, grpcPort} = this;
    this.process = await startBridge(this.t, {configFile, httpPort, grpcPort, secrets: [secret]});
  }

  async kill() {
    this.process.child.kill('SIGKILL');
    await this.process.exited;
  }

  stop() {
    this.process.child.kill('SIGSTOP');
  }

  goOn() {
    this.process.child.kill('SIGCONT');
  }

  async ready() {
    const answer = await request(this.process.url('/ready'), {ms: 2_000}).catch(() => undefined);
    return answer?.status === 200;
  }
}

const topicsOf = (group) => [`cluster/${group}/shared`, ...Array.from({length: publishers}, (_, i) => `cluster/${group}/${i}`)];
const allTopics = Array.from({length: groups}, (_, group) => topicsOf(group)).flat();

// Three principals; two publishers of different ones give the same ids to different events of the same topics.
async function startPublishers(t, {journal, bridges, seed, pause}) {
  const principals = ['ada', 'bob', 'eve'];
  const kinds = [
    {}, {}, {idOf: undefined}, {kind: StreamingPublisher, ownIds: true},
    {kind: StreamingPublisher, idOf: undefined}, {ownIds: true},
  ];
  return Promise.all(kinds.map(async ({kind = ClusterPublisher, ownIds, ...more}, i) => new kind(t, {
    journal, bridges, name: `p${i}`, credential: await tokenOf(principals[i % 3]), seed: seed + 7919 * (i + 1), pauseMs: pause,
    idOf: ({publisher, n}) => ownIds ? `${publisher}-${n}` : `n-${n}`,
    topics: Array.from({length: groups}, (_, group) => [`cluster/${group}/${i}`, `cluster/${group}/shared`]).flat(),
    ...more,
  })));
}

function startClients(t, {journal, bridges, seed}) {
  const clients = [];
  const add = (name, topics, more) => clients.push(new ClusterClient({
    journal, bridges, name: `${clients.length}, of ${name}`, topics, at: clients.length % bridges.length,
    seed: seed + 104_729 * (clients.length + 1), ...more,
  }));
  for (const topic of allTopics) {
    add(topic, [topic]);
    add(`${topic}, dropping`, [topic], {dropsAfterMs: 10_000});
  }
  for (let group = 0; group < groups; ++group) {
    for (const more of [{}, {dropsAfterMs: 20_000}]) add(`group ${group}`, topicsOf(group), more);
  }
  t.after(() => clients.forEach((client) => client.leave()));
  return clients;
}

// The longest time in which nobody was acknowledged anything.
function longestOutage(entries) {
  let longest = 0;
  let last;
  for (const {kind, at} of entries) {
    if (kind !== 'acknowledged') continue;
    longest = Math.max(longest, at - (last ?? at));
    last = at;
  }
  return longest;
}

async function inject({faults, random, journal, whole, until, say}) {
  const counts = {};
  let left = [];
  while (Date.now() < until) {
    if (!left.length) left = Object.keys(faults);
    const [name] = left.splice(random(left.length), 1);
    journal.record('fault', {name});
    const began = Date.now();
    const way = await faults[name]();
    const healed = Date.now();
    await whole();
    counts[name] = (counts[name] ?? 0) + 1;
    journal.record('fault over', {name, way});
    say(`${name}${way ? ` (${way})` : ''}: ${healed - began} ms, whole again after ${Date.now() - healed} ms`);
    await sleep(random(1_500));
  }
  return counts;
}

async function writeJournal(entries, file) {
  const stream = createWriteStream(file);
  for (const entry of entries) if (!stream.write(`${JSON.stringify(entry)}\n`)) await once(stream, 'drain');
  stream.end();
  await once(stream, 'finish');
}

// Answers {violations, …figures}.
export async function cluster(t, {seed, minutes, bridges: count, streams, pause, fault, except, journal: file}) {
  const journal = new Journal();
  const say = (text) => console.log(`cluster: ${((Date.now() - journal.began) / 1_000).toFixed(0).padStart(4)} s  ${text}`);
  const nats = await NatsCluster.start(t);
  nats.streams = streams === 1 ? ['SLUICE'] : Array.from({length: streams}, (_, i) => `SLUICE_${i}`);
  const bridges = [];
  while (bridges.length < count) bridges.push(await Bridge.start(t, nats, streams));
  await eventually(async () => (await Promise.all(bridges.map((bridge) => bridge.ready()))).every(Boolean), 'the bridges are ready', 30_000);
  const clients = startClients(t, {journal, bridges, seed});
  await eventually(() => clients.every(({started}) => started), 'all clients are connected', 30_000);
  const publishing = await startPublishers(t, {journal, bridges, seed, pause});
  const acknowledged = () => publishing.reduce((sum, publisher) => sum + publisher.acknowledged, 0);

  // Everything is there, and everybody can publish.
  const whole = async () => {
    await nats.whole(recoveryMs);
    await eventually(async () => (await Promise.all(bridges.map((bridge) => bridge.ready()))).every(Boolean), 'the bridges are ready', recoveryMs);
    const before = publishing.map((publisher) => publisher.acknowledged);
    await eventually(() => publishing.every((publisher, i) => publisher.acknowledged > before[i]), 'everybody is acknowledged something', recoveryMs);
  };
  let finished = false;
  const published = Promise.all(publishing.map((publisher) => publisher.run(() => finished)));
  published.catch(() => {});
  await whole();
  const random = randomFrom(seed);
  const faults = faultsOf({nats, bridges, random, msMax: 1_000 * fault});
  const left = except?.split(', ') ?? (replicasDrift() ? leadersMistaken : []);
  for (const name of left) delete faults[name];
  if (left.length) say(`left out: ${left.join(', ')}`);
  const counts = await inject({faults, random, journal, whole, say, until: Date.now() + 60_000 * minutes});
  finished = true;
  await published;
  say(`${acknowledged()} events are acknowledged; who reads them all?`);

  const expected = new Map(allTopics.map((topic) => [topic, publishing.flatMap((one) => one.acknowledgedIds.get(topic) ?? [])]));
  const everybody = async (some, what) => {
    await eventually(() => some.every((client) => client.has(expected)), what, recoveryMs)
        .catch((error) => say(error.message));
  };
  await everybody(clients, 'every client has seen the end');
  // Somebody who comes only now reads the history, of one topic and of many.
  const late = [[`cluster/0/shared`], topicsOf(1)].map((topics, i) =>
    new ClusterClient({journal, bridges, name: `late ${i}`, topics, at: i % count, seed: seed + i, history: true}));
  clients.push(...late);
  t.after(() => late.forEach((client) => client.leave()));
  await everybody(late, 'the history is read');
  clients.forEach((client) => client.leave());

  const {violations, ...judged} = check({journal: journal.entries});
  violations.push(...publishing.flatMap(({unexpected}) => unexpected.map((text) => `refused: ${text}`)));
  violations.push(...clients.filter(({broken}) => broken).map(({name, broken}) => `${name}: ${broken}`));
  if (file || violations.length) {
    const written = file ?? path.join(tmpdir(), `cluster-journal-${seed}.jsonl`);
    await writeJournal(journal.entries, written);
    say(`the journal is in ${written}`);
  }
  return {
    violations, acknowledged: acknowledged(), ...judged, clients: clients.length,
    received: journal.entries.filter(({kind}) => kind === 'received').length,
    resumes: clients.reduce((sum, {resumes}) => sum + resumes, 0),
    errors: clients.reduce((sum, {errors}) => sum + errors, 0), faults: counts,
    publishes_failed: publishing.reduce((sum, {failures}) => sum + failures, 0),
    outage_ms: longestOutage(journal.entries), longest_publish_ms: Math.max(...publishing.map(({longestMs}) => longestMs)),
    ms: Date.now() - journal.began,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const {values} = parseArgs({options: Object.fromEntries(
      ['seed', 'journal', 'except', ...Object.keys(defaults)].map((name) => [name, {type: 'string'}]))});
  const options = {
    ...defaults, seed: randomInt(2 ** 31),
    ...Object.fromEntries(Object.entries(values).map(([name, text]) => [name, ['journal', 'except'].includes(name) ? text : Number(text)])),
  };
  console.log(`cluster: ${JSON.stringify(options)}`);
  const t = scope();
  try {
    const {violations, ...figures} = await cluster(t, options);
    console.log(`cluster: ${JSON.stringify(figures)}`);
    violations.slice(0, 20).forEach((violation) => console.log(violation));
    console.log(`cluster: ${violations.length} violations`);
    process.exitCode = violations.length ? 1 : 0;
  } finally {
    await t.end();
  }
}
