// Node's `eventsource` package against the bridge: receive, reconnect, resume, stop.
import assert from 'node:assert/strict';
import {describe} from 'node:test';
import {EventSource} from 'eventsource';
import {Feed, freePort, it, openToAll, startBridge, startProxy} from './harness.mjs';
import {publish} from './grpc.mjs';

// An EventSource whose events of the named types come into a Feed, with the headers it sent.
function listen(t, url, types) {
  const requests = [];
  const source = new EventSource(url, {fetch: (input, init) => {
    requests.push(init.headers);
    return fetch(input, init);
  }});
  const events = new Feed();
  for (const type of [...types, 'connect', 'gap']) {
    source.addEventListener(type, (event) => events.push(
        {type, data: event.data, id: event.lastEventId}));
  }
  const errors = new Feed();
  source.addEventListener('error', ({code}) => errors.push({code, state: source.readyState}));
  t.after(() => source.close());
  const received = (type, count) => events.when((items) => {
    const found = items.filter((event) => event.type === type);
    return found.length >= count && found;
  }, `${count} events "${type}"`, 20_000);
  return {source, events, errors, requests, received};
}

const quick = {...openToAll, defaults: {retry: '50ms'}};
const tick = (n) => ({topic: 'workspace/node', type: 'tick', json: {n}});
const numbers = (events) => events.map(({data}) => JSON.parse(data).n);

describe('the eventsource package', () => {
  it('ReceivesTypeIdAndData', async (t) => {
    const bridge = await startBridge(t);
    const client = listen(t, bridge.url('/v1/workspace/node'), ['tick']);
    await client.received('connect', 1);
    const [id] = await publish(bridge, [tick(1)]);
    assert.deepEqual(await client.received('tick', 1), [{type: 'tick', id, data: '{"n":1}'}]);
  });

  it('ResumesWhereItsConnectionBrokeWithoutLossOrRepeat', async (t) => {
    const bridge = await startBridge(t, {config: quick});
    const proxy = await startProxy(t, bridge.httpPort);
    const client = listen(t, proxy.url('/v1/workspace/node'), ['tick']);
    await client.received('connect', 1);
    const ids = await publish(bridge, [tick(1), tick(2)]);
    await client.received('tick', 2);
    proxy.cut();
    await publish(bridge, [tick(3), tick(4)]);
    assert.deepEqual(numbers(await client.received('tick', 4)), [1, 2, 3, 4]);
    await publish(bridge, [tick(5)]);
    assert.deepEqual(numbers(await client.received('tick', 5)), [1, 2, 3, 4, 5]);
    assert.equal(client.requests[1]['Last-Event-ID'], ids[1]);
    assert.equal(client.events.items.filter(({type}) => type === 'gap').length, 0);
  });

  it('ResumesFromTheConnectEventWhenNothingHadHappenedYet', async (t) => {
    const bridge = await startBridge(t, {config: quick});
    const proxy = await startProxy(t, bridge.httpPort);
    const client = listen(t, proxy.url('/v1/workspace/node'), ['tick']);
    await client.received('connect', 1);
    proxy.cut();
    await publish(bridge, [tick(1)]);
    assert.deepEqual(numbers(await client.received('tick', 1)), [1]);
  });

  it('IsToldOfTheGapWhenTheBridgeCameBackWithoutItsLog', async (t) => {
    const [httpPort, grpcPort] = [await freePort(), await freePort()];
    const first = await startBridge(t, {config: quick, httpPort, grpcPort});
    const client = listen(t, first.url('/v1/workspace/node'), ['tick']);
    await client.received('connect', 1);
    const [before] = await publish(first, [tick(1)]);
    await client.received('tick', 1);
    await first.stop('SIGKILL');
    const second = await startBridge(t, {config: quick, httpPort, grpcPort});
    const [gap] = await client.received('gap', 1);
    assert.match(gap.data, new RegExp(before));
    await publish(second, [tick(2)]);
    assert.deepEqual(numbers(await client.received('tick', 2)), [1, 2]);
  });

  it('StopsForGoodAfterTheEndOfItsStream', async (t) => {
    const bridge = await startBridge(t, {config: quick});
    const client = listen(t, bridge.url('/v1/workspace/node'), ['tick', 'end']);
    await client.received('connect', 1);
    await publish(bridge, [tick(1), {topic: 'workspace/node', type: 'end', end_of_stream: true, json: {}}]);
    await client.received('end', 1);
    const stopped = await client.errors.when(
        (items) => items.find(({state}) => state === EventSource.CLOSED), '204 closes it');
    assert.equal(stopped.code, 204);
    assert.equal(client.requests.length, 2);
  });
});
