// What a log in JetStream needs and carries on this machine: the figures of ARCHITECTURE.md's "Retention and scale".
//
//   node cluster_figures.mjs [--replicas 1] [--topics 300000] [--payload 200] [--events 200000]
//
// Of NATS without any bridge: its memory (RSS) and disk for each 100,000 topics that have one event, then ten, how many
// events a second it stores with 1 and with 256 publishes unanswered, and how many single messages a second it reads
// back. Then of two bridges: how many events a second come from publishers at one to a subscriber at the other.
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {parseArgs} from 'node:util';
import {publishStream} from './grpc.mjs';
import {openToAll, scope, startBridge} from './harness.mjs';
import {NatsCluster, startNats} from './nats_cluster.mjs';
import {NatsRequests} from './nats_requests.mjs';
import {RawStream} from './raw_stream.mjs';

// Does `task(i)` for i from 0 on, `atOnce` at a time; answers how many a second.
async function rateOf(count, atOnce, task) {
  const began = performance.now();
  let next = 0;
  await Promise.all(Array.from({length: atOnce}, async () => { while (next < count) await task(next++); }));
  return Math.round(count / (performance.now() - began) * 1_000);
}

const residentMiB = (pid) => Math.round(Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1_024);
const diskMiB = (folder) => Number(execFileSync('du', ['-sm', folder], {encoding: 'utf8'}).split('\t')[0]);

async function figuresOfNats(t, {replicas, topics, payload}) {
  const cluster = replicas > 1 ? await NatsCluster.start(t, replicas, {direct: true}) : undefined;
  const servers = cluster?.servers ?? [await startNats(t)];
  const nats = new NatsRequests(servers[0].port);
  const made = JSON.parse(await nats.ask('$JS.API.STREAM.CREATE.S', JSON.stringify({
    name: 'S', subjects: ['s.>'], storage: 'file', num_replicas: replicas, discard: 'old', max_msgs_per_subject: 10_000,
  })));
  if (!made.config) throw new Error(JSON.stringify(made));
  const leader = servers[await cluster?.leaderOf('S') ?? 0];
  const near = new NatsRequests(leader.port);
  const body = 'x'.repeat(payload);
  const publish = async (i) => {
    const {seq} = JSON.parse(await near.ask(`s.room.${i}`, body));
    if (!seq) throw new Error('a publish was refused');
  };
  const memory = (what) => console.log(`${what}: ${residentMiB(leader.process.pid)} MiB of memory, ${diskMiB(leader.folder)} MiB on disk`);
  const step = 100_000;
  memory('no topics');
  for (let done = 0; done < topics; done += step) {
    const rate = await rateOf(step, 256, (i) => publish(done + i));
    memory(`${done + step} topics of one event (${rate} events/s)`);
  }
  for (let n = 1; n < 10; ++n) await rateOf(step, 256, publish);
  memory(`100000 of them with ten`);
  console.log(`one publish unanswered: ${await rateOf(2_000, 1, publish)} events/s`);
  console.log(`256 publishes unanswered: ${await rateOf(50_000, 256, publish)} events/s`);
  const read = (i) => near.ask('$JS.API.STREAM.MSG.GET.S', JSON.stringify({seq: 1 + (i * 7_919) % topics, next_by_subj: `s.room.${(i * 7_919) % topics}`}));
  console.log(`reads of single messages, 32 at once: ${await rateOf(20_000, 32, read)} a second`);
  console.log(`reads of single messages, 1 at once: ${await rateOf(2_000, 1, read)} a second`);
}

// Four publishers, requests of 100 events for 25 topics each, and one subscriber of all the topics.
async function figuresOfBridges(t, {replicas, payload, events}) {
  const cluster = replicas > 1 ? await NatsCluster.start(t, replicas, {direct: true}) : undefined;
  const servers = (cluster?.servers ?? [await startNats(t)]).map(({address}) => address);
  const config = {...openToAll, limits: {topics_per_subscriber: 100}, event_log: {jetstream: {servers, replicas}}};
  const [near, far] = [await startBridge(t, {config}), await startBridge(t, {config})];
  const topics = Array.from({length: 100}, (_, i) => `room/${i}`);
  let received = 0;
  let began;
  const [whole, connected] = [{}, {}];
  for (const moment of [whole, connected]) moment.came = new Promise((resolve) => { moment.come = resolve; });
  const subscriber = new RawStream({
    port: far.httpPort, target: `/v1/events?${topics.map((topic) => `topic=${topic}`).join('&')}`,
    onEvent({event}) {
      if (event === 'connect') return connected.come();
      received += 1;
      if (received === events) whole.come();
    },
  });
  t.after(() => subscriber.drop());
  await connected.came;
  const text = 'x'.repeat(payload);
  const publish = async (share) => {
    const stream = publishStream(t, near);
    let sent = 0;
    for (; sent < events / 400; ++sent) {
      await stream.results.when((items) => sent - items.length < 16, 'answers', 60_000);
      await stream.send(Array.from({length: 100}, (_, i) => ({topic: topics[4 * (i % 25) + share], type: 'tick', text})));
    }
    const answers = await stream.results.when((items) => items.length === sent && items, 'all answers', 60_000);
    if (answers.some(({status}) => status?.code)) throw new Error('a publish was refused');
  };
  began = performance.now();
  await Promise.all([0, 1, 2, 3].map(publish));
  const stored = performance.now() - began;
  await whole.came;
  const rate = (ms) => Math.round(events / ms * 1_000);
  console.log(`two bridges: ${rate(stored)} events/s are acknowledged at one, ${rate(performance.now() - began)} received at the other`);
}

const {values} = parseArgs({options: Object.fromEntries(['replicas', 'topics', 'payload', 'events'].map((name) => [name, {type: 'string'}]))});
const options = {replicas: 1, topics: 300_000, payload: 200, events: 200_000, ...Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]))};
for (const figures of [figuresOfNats, figuresOfBridges]) {
  const t = scope();
  try {
    await figures(t, options);
  } finally {
    await t.end();
  }
}
process.exit();
