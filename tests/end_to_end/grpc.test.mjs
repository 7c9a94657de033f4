// Other stacks against the bridge's gRPC side: Python, Node, buf curl, grpcurl and what grpcurl does.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {after, before, describe} from 'node:test';
import {eventually, it, repository, run, scope, start, startBridge, temporaryFolder} from './harness.mjs';
import {call, client, publish, publishStream, status, subscribe} from './grpc.mjs';
import {Reflection} from './reflection.mjs';
import {openStream, request} from './sse.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const buf = path.join(here, 'node_modules/.bin/buf');
const numbers = (events) => events.map(({data}) => JSON.parse(data).n);
const ours = ['sluice.v1.Publisher', 'sluice.v1.Subscriber', 'sluice.v1.Admin'];

describe('gRPC', () => {
  const shared = scope();
  let bridge;
  before(async () => {
    bridge = await startBridge(shared);
  });
  after(() => shared.end());

  it('PythonPublishes', async (t) => {
    const stubs = temporaryFolder(t);
    const protos = ['sluice/v1/publisher.proto', 'sluice/v1/event.proto', 'google/rpc/status.proto'];
    const made = await run(t, 'protoc', ['-Iproto/third_party', '-Iproto', `--python_out=${stubs}`, ...protos],
        {cwd: repository});
    assert.equal(made.code, 0, made.err);
    const stream = await openStream(t, bridge.url('/v1/stack/python'));
    await stream.next('connect');
    const python = await run(t, '/usr/bin/python3',
        [path.join(here, 'publish.py'), bridge.grpc, stubs, 'stack/python']);
    assert.equal(python.code, 0, python.err);
    const events = await stream.take(103);
    assert.deepEqual(events.map(({id}) => id), JSON.parse(python.out));
    const value = {from: 'python', list: [1, null, 'ü']};
    assert.deepEqual(JSON.parse(events[0].data), value);
    assert.deepEqual(JSON.parse(events[1].data).value ?? JSON.parse(events[1].data), value);
    assert.equal(events[2].data, 'plain\ntext');
    assert.deepEqual(numbers(events.slice(3)), Array.from({length: 100}, (_, n) => n));
  });

  it('NodePublishesStreamsAndSubscribes', async (t) => {
    const topic = 'stack/node';
    const {head, events} = subscribe(t, bridge, {topics: [topic]});
    await head;
    const [first] = await publish(bridge, [{topic, type: 'tick', json: {n: 0}, attributes: {a: 'b'}}]);
    const stream = publishStream(t, bridge);
    for (let n = 1; n <= 500; ++n) await stream.send([{topic, type: 'tick', json: {n}}]);
    await stream.results.when((items) => items.length === 500, 'every answer');
    const got = await events.when((items) => items.length >= 501 && items, 'every event');
    assert.deepEqual(numbers(got), Array.from({length: 501}, (_, n) => n));
    assert.deepEqual([got[0].id, got[0].type, got[0].topic, got[0].attributes],
        [first, 'tick', topic, {a: 'b'}]);
    assert.deepEqual(got.slice(1).map(({id}) => id),
        stream.results.items.map(({results}) => results[0].id));
  });

  it('SubscribeResumesAndEnds', async (t) => {
    const topic = 'stack/resumed';
    const ids = await publish(bridge, [1, 2, 3].map((n) => ({topic, type: 'tick', json: {n}})));
    const {events, finished} = subscribe(t, bridge, {topics: [topic], last_event_id: ids[0]});
    await events.when((items) => items.length >= 2, 'two events');
    await publish(bridge, [{topic, type: 'end', json: {}, end_of_stream: true}]);
    assert.equal((await finished).code, status.OK);
    assert.deepEqual(events.items.map(({type, end_of_stream: end}) => [type, end]),
        [['tick', false], ['tick', false], ['end', true]]);
  });

  it('SubscribeFiltersAndStartsWhereItIsTold', async (t) => {
    const topic = 'stack/filtered';
    await publish(bridge, [1, 2, 3, 4].map((n) => (
      {topic, type: 'tick', json: {n}, attributes: {odd: String(n % 2)}})));
    for (const [start, expected] of [['earliest', [1, 3]], ['last 2', [3]]]) {
      const {events} = subscribe(t, bridge, {topics: [topic], start, attributes: {odd: '1'}});
      const got = await events.when((items) => items.length >= expected.length && items, start);
      assert.deepEqual(numbers(got), expected);
    }
    const bad = [{topics: []}, {topics: ['a//b']}, {topics: [topic], start: 'tomorrow'}];
    for (const request of bad) {
      assert.equal((await subscribe(t, bridge, request).finished).code, status.INVALID_ARGUMENT);
    }
  });

  it('AdminCountsTopicsAndSubscribers', async (t) => {
    await (await openStream(t, bridge.url('/v1/admin/http'))).next('connect');
    await subscribe(t, bridge, {topics: ['admin/http', 'admin/grpc']}).head;
    const admin = client(t, bridge, 'Admin');
    const {topics, total} = await call(admin, 'ListTopics', {prefix: 'admin/'});
    assert.deepEqual(topics, [
      {topic: 'admin/http', subscribers: '2', subscribers_by_member: {}},
      {topic: 'admin/grpc', subscribers: '1', subscribers_by_member: {}}]);
    assert.equal(total, '2');
    assert.equal((await call(admin, 'ListTopics', {prefix: 'admin/', limit: 1})).topics.length, 1);
    const {subscribers} = await call(admin, 'ListSubscribers', {topic: 'admin/http'});
    assert.deepEqual(subscribers.map(({transport}) => transport).sort(), ['grpc', 'http']);
    const stats = await call(admin, 'GetStats', {});
    assert.ok(Number(stats.subscribers) >= 2 && stats.version && stats.position, JSON.stringify(stats));
  });

  it('HealthIsServingForTheBridgeAndForEachService', async (t) => {
    const health = client(t, bridge, 'Health');
    for (const service of ['', ...ours]) {
      assert.equal((await call(health, 'Check', {service})).status, 'SERVING', service);
    }
    await assert.rejects(call(health, 'Check', {service: 'no.Such'}), {code: status.NOT_FOUND});
  });

  for (const reflect of ['grpc-v1', 'grpc-v1alpha']) {
    it(`BufCurlNeedsNothingButReflection: ${reflect}`, async (t) => {
      const topic = `stack/${reflect}`;
      const curl = (method, data) => [
        'curl', '--protocol', 'grpc', '--http2-prior-knowledge', '--reflect-protocol', reflect,
        '--data', JSON.stringify(data), `http://${bridge.grpc}/${method}`];
      const env = {HOME: temporaryFolder(t)};
      const health = await run(t, buf, curl('grpc.health.v1.Health/Check', {}), {env});
      assert.deepEqual(JSON.parse(health.out || '{}'), {status: 'SERVING'}, health.err);

      const reader = start(t, buf, curl('sluice.v1.Subscriber/Subscribe', {topics: [topic]}), {env});
      const admin = client(t, bridge, 'Admin');
      await waitForTopic(admin, topic, reader);
      const event = {topic, type: 'note', json: {from: 'buf', n: 1}};
      const published = await run(t, buf,
          curl('sluice.v1.Publisher/Publish', {events: [event, {topic, endOfStream: true}]}), {env});
      assert.equal(published.code, 0, published.err);
      assert.equal(JSON.parse(published.out).results.length, 2);
      assert.equal((await reader.exited).code, 0, reader.log.items.join('\n'));
      const text = reader.output.items.join('\n');
      assert.match(text, /"type":\s*"note"/);
      assert.match(text, /\\"from\\":\s*\\"buf\\"/);
      const listed = await run(t, buf, ['curl', '--protocol', 'grpc', '--http2-prior-knowledge',
        '--reflect-protocol', reflect, '--list-services', `http://${bridge.grpc}`], {env});
      for (const service of [...ours, 'grpc.health.v1.Health']) {
        assert.ok(listed.out.split('\n').includes(service), listed.out + listed.err);
      }
    });
  }

  it('AClientThatOnlySpeaksReflectionV1alphaDoesWhatGrpcurlDoes', async (t) => {
    const topic = 'stack/reflection';
    const reflection = new Reflection(t, bridge.grpc);
    const services = await reflection.listServices();
    for (const service of [...ours, 'grpc.health.v1.Health']) assert.ok(services.includes(service), service);

    const health = await reflection.stub('grpc.health.v1.Health');
    assert.equal((await call(health, 'Check', {})).status, 1);
    const publisher = await reflection.stub('sluice.v1.Publisher');
    const reader = await openStream(t, bridge.url(`/v1/${topic}`));
    await reader.next('connect');
    const {results} = await call(publisher, 'Publish', {events: [{topic, type: 'tick', raw_json: '{"n":1}'}]});
    const [event] = await reader.take(1);
    assert.deepEqual([event.id, event.data], [results[0].id, '{"n":1}']);
    await reflection.stub('sluice.v1.Subscriber');
    await reflection.stub('sluice.v1.Admin');
    await assert.rejects(reflection.stub('no.such.Service'), /"error_code":5/);
  });

  const grpcurl = spawnSync('grpcurl', ['-version']).status === 0;
  it('GrpcurlPublishesSubscribesAndAsksHealth', async (t) => {
    const topic = 'stack/grpcurl';
    const health = await run(t, 'grpcurl', ['-plaintext', bridge.grpc, 'grpc.health.v1.Health/Check']);
    assert.match(health.out, /SERVING/);
    const reader = start(t, 'grpcurl', ['-plaintext', '-d', JSON.stringify({topics: [topic]}), bridge.grpc,
      'sluice.v1.Subscriber/Subscribe']);
    await waitForTopic(client(t, bridge, 'Admin'), topic, reader);
    const published = await run(t, 'grpcurl', ['-plaintext', '-d', JSON.stringify({events: [
      {topic, type: 'note', json: {n: 1}}, {topic, endOfStream: true}]}), bridge.grpc,
      'sluice.v1.Publisher/Publish']);
    assert.equal(published.code, 0, published.err);
    assert.equal((await reader.exited).code, 0);
    assert.match(reader.output.items.join('\n'), /note/);
  }, {skip: grpcurl ? false : 'grpcurl is not on the PATH'});

  it('SurvivesBytesThatAreNotGrpc', async () => {
    const answer = await request(`http://${bridge.grpc}/`, {ms: 5000}).catch((error) => error);
    assert.ok(answer);
    assert.equal((await request(bridge.url('/health'))).status, 200);
  });
});

function waitForTopic(admin, topic, reader) {
  return eventually(async () => (await call(admin, 'ListTopics', {prefix: topic})).topics.length,
      `a subscriber: ${reader.log.items.join('\n')}`);
}
