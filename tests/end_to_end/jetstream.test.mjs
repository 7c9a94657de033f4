// Two bridges on one JetStream: any node, any client.
import assert from 'node:assert/strict';
import path from 'node:path';
import {describe} from 'node:test';
import {
  buildFolder, eventually, it as test, openToAll, run, startBridge, writeConfig,
} from './harness.mjs';
import {publish, status} from './grpc.mjs';
import {missing, startNats} from './nats_cluster.mjs';
import {openStream, request} from './sse.mjs';

const it = (name, body) => test(name, body, {skip: missing});
const tick = (n, more = {}) => ({topic: 'room/1', type: 'tick', json: {n}, ...more});
const numbers = (events) => events.map(({data}) => JSON.parse(data).n);

const startNode = (t, nats, more = {}) => startBridge(t, {
  configFile: writeConfig(t, {
    ...openToAll, event_log: {jetstream: {servers: [nats.address], append_timeout: '2s'}}, ...more,
  }),
});

describe('bridges on one JetStream', () => {
  it('ReceivesAtOneBridgeWhatIsPublishedAtAnother', async (t) => {
    const nats = await startNats(t);
    const [one, two] = [await startNode(t, nats), await startNode(t, nats)];
    const streams = [await openStream(t, one.url('/v1/room/1')), await openStream(t, two.url('/v1/room/1'))];
    for (const stream of streams) await stream.next('connect');
    const ids = [...await publish(one, [tick(1), tick(2)]), ...await publish(two, [tick(3)])];
    for (const stream of streams) {
      const events = await stream.take(3);
      assert.deepEqual(numbers(events), [1, 2, 3]);
      assert.deepEqual(events.map(({id}) => id), ids, 'an id means the same at every bridge');
    }
    // (It goes another way, and may overtake what is kept.)
    await publish(one, [tick(4, {transient: true})]);
    for (const stream of streams) assert.deepEqual(numbers(await stream.take(1)), [4]);
  });

  it('GoesOnAtAnotherBridgeWithoutLossOrRepeats', async (t) => {
    const nats = await startNats(t);
    const [one, two] = [await startNode(t, nats), await startNode(t, nats)];
    const stream = await openStream(t, one.url('/v1/room/1'));
    await stream.next('connect');
    await publish(one, Array.from({length: 50}, (_, n) => tick(n)));
    const seen = (await stream.take(20));
    await publish(two, Array.from({length: 50}, (_, n) => tick(50 + n)));
    const moved = await openStream(t, two.url('/v1/room/1'), {lastEventId: seen.at(-1).id});
    assert.deepEqual(numbers([...seen, ...await moved.take(80)]), Array.from({length: 100}, (_, n) => n));
    assert.ok(!moved.events.items.some(({event}) => event === 'gap'));
  });

  it('StoresARetryAtAnotherBridgeOnce', async (t) => {
    const nats = await startNats(t);
    const [one, two] = [await startNode(t, nats), await startNode(t, nats)];
    const [id] = await publish(one, [tick(1, {id: 'm1'})]);
    assert.deepEqual(await publish(two, [tick(1, {id: 'm1'})]), [id]);
    await assert.rejects(publish(two, [tick(2, {id: 'm1'})]), ({code}) => code === status.ALREADY_EXISTS);
  });

  it('KeepsStreamsOpenWhileNatsIsAwayAndGoesOn', async (t) => {
    const nats = await startNats(t);
    const bridge = await startNode(t, nats);
    const stream = await openStream(t, bridge.url('/v1/room/1'));
    await stream.next('connect');
    await publish(bridge, [tick(1)]);
    await nats.process.stop('SIGKILL');
    await eventually(async () => (await request(bridge.url('/ready'))).status === 503, 'it is not ready');
    assert.match((await request(bridge.url('/ready'))).json().reason, /NATS/);
    await assert.rejects(publish(bridge, [tick(2, {id: 'two'})]), ({code}) => code === status.UNAVAILABLE);
    await nats.start();
    await eventually(async () => (await request(bridge.url('/ready'))).status === 200, 'it is ready again', 20_000);
    await publish(bridge, [tick(2, {id: 'two'}), tick(3)]);
    assert.deepEqual(numbers(await stream.take(3)), [1, 2, 3]);
  });

  it('TellsTheStreamsOfARouteOnceOfAnOutageAndGoesOnAfterwards', async (t) => {
    const nats = await startNats(t);
    const bridge = await startNode(t, nats, {
      routes: [
        {path: '/told/{id}', topics: ['room/{id}'], log_unavailable_after: '1s'},
        {path: '/patient/{id}', topics: ['room/{id}'], log_unavailable_after: '10m'},
      ],
    });
    const told = await openStream(t, bridge.url('/told/1'));
    const patient = await openStream(t, bridge.url('/patient/1'));
    for (const stream of [told, patient]) await stream.next('connect');
    await publish(bridge, [tick(1)]);
    for (const stream of [told, patient]) assert.deepEqual(numbers(await stream.take(1)), [1]);
    for (const outage of [1, 2]) {
      await nats.process.stop('SIGKILL');
      const error = await told.next('error');
      assert.equal(JSON.parse(error.data).code, 'UNAVAILABLE');
      assert.match(JSON.parse(error.data).message, /delayed/);
      await nats.start();
      await eventually(async () => (await request(bridge.url('/ready'))).status === 200, 'it is ready again', 20_000);
      await publish(bridge, [tick(outage + 1)]);
      assert.deepEqual(numbers([await told.next('tick')]), [outage + 1], 'on the same stream');
    }
    assert.equal(told.events.items.filter(({event}) => event === 'error').length, 2, 'one of each outage');
    assert.deepEqual(numbers(await patient.take(2)), [2, 3]);
    assert.ok(!patient.events.items.some(({event}) => event === 'error'));
  });

  it('RefusesToStartOnAStreamThatKeepsLessThanIsConfigured', async (t) => {
    const nats = await startNats(t);
    await startNode(t, nats);
    const configFile = writeConfig(t, {
      ...openToAll, event_log: {jetstream: {servers: [nats.address], max_age: '48h', events_per_topic: 20000}},
    });
    const refused = await run(t, path.join(buildFolder, 'sluice'), ['--config', configFile]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /max_age is 24h, less than the configured 48h/);
    assert.match(refused.err, /max_msgs_per_subject is 10000, less than the configured 20000/);
  });
});
