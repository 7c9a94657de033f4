// Whether the replicas of a stream are the same after its leader was cut off, by NATS alone: no bridge takes part.
//
//   node nats_replicas.mjs [--trials 3] [--seconds 8] [--stop]
//
// Publishers, with an id for each message, send what was not acknowledged again, at any of three servers. The leader is cut
// off from the other two while they do, or (`stop`) stopped with SIGSTOP, and comes back. When all is quiet and the servers say that they are healthy,
// each of them is made the leader, and read whole. Fails where they do not hold the same.
import {setTimeout as sleep} from 'node:timers/promises';
import {parseArgs} from 'node:util';
import {eventually, scope} from './harness.mjs';
import {NatsCluster} from './nats_cluster.mjs';
import {NatsRequests} from './nats_requests.mjs';

const publishers = 24;

// Publishes messages that say who sent them, until `finished()`. Answers how many were acknowledged.
async function publish(connections, index, finished) {
  let at = index % connections.length;
  let n = 0;
  while (!finished()) {
    const body = `${index}:${n}`;
    const {seq} = await connections[at].askJson(`s.${index}`, body, {ms: 2_000, id: body});
    if (seq) n += 1;
    else at = (at + 1) % connections.length;
    await sleep(seq ? 10 : 100);
  }
  return n;
}

async function readAll(connection) {
  const {state} = await connection.askJson('$JS.API.STREAM.INFO.S');
  const messages = [];
  while (messages.length < state.last_seq) {
    const first = messages.length + 1;
    const some = Math.min(64, state.last_seq - first + 1);
    messages.push(...await Promise.all(Array.from({length: some}, async (_, i) =>
      (await connection.askJson('$JS.API.STREAM.MSG.GET.S', {seq: first + i})).message?.data)));
  }
  return messages;
}

async function trial(t, ms, stop) {
  const cluster = await NatsCluster.start(t);
  const connections = cluster.servers.map(({port}) => new NatsRequests(port));
  t.after(() => connections.forEach((connection) => connection.close()));
  await eventually(async () => (await connections[0].askJson('$JS.API.STREAM.CREATE.S', {
    name: 'S', subjects: ['s.>'], num_replicas: 3, storage: 'file', duplicate_window: 120e9,
  })).config, 'the stream is made');
  let finished = false;
  const published = Promise.all(Array.from({length: publishers}, (_, i) => publish(connections, i, () => finished)));
  await sleep(2_000);
  await eventually(async () => await cluster.leaderOf('S') !== undefined, 'somebody leads');
  const leader = await cluster.leaderOf('S');
  const links = cluster.linksOf(leader);
  if (stop) cluster.servers[leader].stop();
  else links.forEach((link) => link.reset());
  await sleep(ms);
  if (stop) cluster.servers[leader].goOn();
  else links.forEach((link) => link.heal());
  await cluster.whole();
  await sleep(2_000);
  finished = true;
  const acknowledged = (await published).reduce((sum, n) => sum + n, 0);
  await sleep(1_000);
  const replicas = new Map();
  await eventually(async () => {
    const at = await cluster.leaderOf('S');
    if (at === undefined) return false;
    if (!replicas.has(at)) replicas.set(at, await readAll(connections[at]));
    await connections[at].askJson('$JS.API.STREAM.LEADER.STEPDOWN.S');
    await sleep(1_000);
    return replicas.size === cluster.servers.length;
  }, 'every server has led', 120_000);
  const all = [...replicas.values()];
  const length = Math.max(...all.map((messages) => messages.length));
  const different = Array.from({length}, (_, i) => new Set(all.map((messages) => messages[i])).size > 1).filter(Boolean).length;
  console.log(`${acknowledged} messages were acknowledged; of ${length} sequences ${different} are not the same at all servers`);
  return different;
}

const {values} = parseArgs({options: {trials: {type: 'string', default: '3'}, seconds: {type: 'string', default: '8'}, stop: {type: 'boolean'}}});
let different = 0;
for (let i = 0; i < Number(values.trials); ++i) {
  const t = scope();
  try {
    different += await trial(t, 1_000 * Number(values.seconds), values.stop);
  } finally {
    await t.end();
  }
}
process.exit(different ? 1 : 0);
