// Types that become known while the bridge runs.
import assert from 'node:assert/strict';
import {renameSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor/index.js';
import {loadProto, publish, publishStream, status, call, publisher} from './grpc.mjs';
import {eventually, it, openToAll, startBridge, temporaryFolder, within} from './harness.mjs';
import {Reflection} from './reflection.mjs';
import {openStream} from './sse.mjs';

const STRING = 9;
const OPTIONAL = 1;

// A file of messages, each with a string field `text`.
const file = (name, pack, messages, more = {}) => ({
  name, package: pack, syntax: 'proto3', ...more,
  messageType: messages.map((message) => ({
    name: message, field: [{name: 'text', number: 1, type: STRING, label: OPTIONAL}],
  })),
});
const set = (...files) => Buffer.from(descriptor.FileDescriptorSet.encode({file: files}).finish());

const textMessage = protobuf.Type.fromJSON('Text', {fields: {text: {type: 'string', id: 1}}});
new protobuf.Root().add(textMessage);
const any = (type, text) => ({
  type_url: `type.googleapis.com/${type}`,
  value: Buffer.from(textMessage.encode({text}).finish()),
});

// Written beside, then moved over, as deployments do.
function replace(target, bytes) {
  writeFileSync(`${target}.new`, bytes);
  renameSync(`${target}.new`, target);
}

const refusal = (bridge, events) => call(publisher(bridge), 'Publish', {events}).then(
    () => assert.fail('it was published'), (error) => error);

const isKnown = (bridge, type) => publish(bridge, [{topic: 'probe/1', message: any(type, 'x')}])
    .then(() => true, ({code}) => {
      assert.equal(code, status.INVALID_ARGUMENT);
      return false;
    });

it('Reloads a descriptor set under load: nothing is lost, refused or out of order', async (t) => {
  const target = path.join(temporaryFolder(t), 'acme.binpb');
  writeFileSync(target, set(file('acme.proto', 'acme', ['Tick'])));
  const bridge = await startBridge(t, {
    config: {...openToAll, schema: {descriptor_sets: [target]}},
  });
  const stream = await openStream(t, bridge.url('/v1/room/1'));
  const publishing = publishStream(t, bridge);
  let sent = 0;
  let stop = false;
  const load = (async () => {
    while (!stop) {
      await publishing.send([{topic: 'room/1', message: any('acme.Tick', `${sent++}`)}]);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();

  assert.equal(await isKnown(bridge, 'acme.First'), false);
  replace(target, set(file('acme.proto', 'acme', ['Tick', 'First'])));
  await eventually(() => isKnown(bridge, 'acme.First'), 'a type of the new set');

  const whole = set(file('acme.proto', 'acme', ['Tick', 'First', 'Second']));
  writeFileSync(target, whole.subarray(0, whole.length - 5));
  const reported = 'what it held before is kept';
  await bridge.log.when((lines) => lines.some((line) => line.includes(reported)), 'a report');
  assert.equal(await isKnown(bridge, 'acme.First'), true);
  writeFileSync(target, whole);
  await eventually(() => isKnown(bridge, 'acme.Second'), 'a type of the repaired set');
  assert.equal(bridge.log.items.filter((line) => line.includes(reported)).length, 1);

  await eventually(() => sent > 100, 'enough to be called load');
  stop = true;
  await load;
  const results = await publishing.results.when((all) => all.length === sent && all, 'answers');
  assert.deepEqual(results.filter((result) => result.status), []);
  const events = await stream.events.when(
      (all) => all.filter(({event}) => event === 'tick').length === sent && all, 'every event');
  assert.deepEqual(
      events.filter(({event}) => event === 'tick').map(({data}) => Number(JSON.parse(data).text)),
      [...Array(sent).keys()]);
});

it('A reflection client sees the types of a set that has changed', async (t) => {
  const target = path.join(temporaryFolder(t), 'acme.binpb');
  writeFileSync(target, set(file('acme.proto', 'acme', ['Old'])));
  const bridge = await startBridge(t, {
    config: {...openToAll, schema: {descriptor_sets: [target]}},
  });
  const reflection = new Reflection(t, bridge.grpc);
  await assert.rejects(reflection.files('acme.New'), /not found/);
  replace(target, set(file('acme.proto', 'acme', ['Old', 'New'])));
  await eventually(() => isKnown(bridge, 'acme.New'), 'the new type');
  const files = await reflection.files('acme.New');
  assert.deepEqual(files.get('acme.proto').messageType.map(({name}) => name), ['Old', 'New']);
});

it('Refuses an unknown type by name and index, and stores nothing', async (t) => {
  const bridge = await startBridge(t);
  const stream = await openStream(t, bridge.url('/v1/room/1'));
  const error = await refusal(bridge, [
    {topic: 'room/1', text: 'good'}, {topic: 'room/1', message: any('acme.Nothing', 'x')},
  ]);
  assert.equal(error.code, status.INVALID_ARGUMENT);
  assert.match(error.details, /^events\[1\]\.message: .*"acme\.Nothing"/);
  await publish(bridge, [{topic: 'room/1', text: 'after'}]);
  const [first] = await stream.take(1);
  assert.equal(first.data, 'after');
});

it('Passes an unknown type on as base64 where it is told to', async (t) => {
  const bridge = await startBridge(t, {
    config: {...openToAll, schema: {unknown_types: 'base64'}},
  });
  const stream = await openStream(t, bridge.url('/v1/room/1'));
  await publish(bridge, [{topic: 'room/1', message: any('acme.Nothing', 'hi')}]);
  const event = await stream.events.when(
      (all) => all.find(({data}) => data.includes('acme.Nothing')), 'the event');
  assert.equal(event.event, 'message');
  assert.deepEqual(JSON.parse(event.data),
      {'@type': 'type.googleapis.com/acme.Nothing', value: 'CgJoaQ=='});
});

// Another bridge is a backend with reflection like any other, and knows what its own set holds.
it('Learns a type that only a backend knows when it is first published', async (t) => {
  const target = path.join(temporaryFolder(t), 'acme.binpb');
  writeFileSync(target, set(
      file('part.proto', 'acme', ['Part']),
      file('late.proto', 'acme', ['Late'], {dependency: ['part.proto']})));
  const backend = await startBridge(t, {
    config: {...openToAll, schema: {descriptor_sets: [target]}},
  });
  const bridge = await startBridge(t, {
    config: {...openToAll, backends: {other: {address: backend.grpc}}},
  });
  const stream = await openStream(t, bridge.url('/v1/room/1'));
  await publish(bridge, [{topic: 'room/1', message: any('acme.Late', 'hello')}]);
  const event = await stream.events.when(
      (all) => all.find(({event}) => event === 'late'), 'the event');
  assert.deepEqual(JSON.parse(event.data), {text: 'hello'});
  const files = await new Reflection(t, bridge.grpc).files('acme.Late');
  assert.deepEqual([...files.keys()].sort(), ['late.proto', 'part.proto']);
});

// A Node server that describes one service, by v1alpha only.
it('Learns the types of a backend that starts later, by reflection v1alpha', async (t) => {
  const {ServerReflection} =
      loadProto('grpc/reflection/v1alpha/reflection.proto').grpc.reflection.v1alpha;
  const robot = file('robot.proto', 'acme', ['Moved'], {
    service: [{name: 'Robot', method: [
      {name: 'Watch', inputType: '.acme.Moved', outputType: '.acme.Moved', serverStreaming: true},
    ]}],
  });
  const bytes = Buffer.from(descriptor.FileDescriptorProto.encode(robot).finish());
  const serve = async (port) => {
    const server = new grpc.Server();
    server.addService(ServerReflection.service, {
      ServerReflectionInfo(stream) {
        stream.on('data', (request) => stream.write(request.list_services ?
          {list_services_response: {service: [{name: 'acme.Robot'}]}} :
          {file_descriptor_response: {file_descriptor_proto: [bytes]}}));
        stream.on('end', () => stream.end());
        stream.on('error', () => {});
      },
    });
    t.after(() => server.forceShutdown());
    return [server, await within(5_000, new Promise((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(),
          (error, number) => error ? reject(error) : resolve(number));
    }), 'the backend listens')];
  };
  const [first, port] = await serve(0);
  first.forceShutdown();
  const bridge = await startBridge(t, {
    config: {...openToAll, backends: {robot: {address: `127.0.0.1:${port}`}}},
  });
  await bridge.log.when((lines) => lines.some((line) => line.includes('does not tell its types')),
      'a report that it is away');
  assert.equal(await isKnown(bridge, 'acme.Moved'), false);
  await serve(port);
  await bridge.log.when((lines) => lines.some((line) => line.includes('types are known')),
      'the backend\'s types');
  assert.equal(await isKnown(bridge, 'acme.Moved'), true);
});
