// The AsyncAPI document says what really comes: every example's document is valid, and every event that is
// published validates against the schema the document gives it.
import {Parser} from '@asyncapi/parser';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import assert from 'node:assert/strict';
import {readdirSync} from 'node:fs';
import path from 'node:path';
import {after, before, describe} from 'node:test';
import protobuf from 'protobufjs';
import {buildFolder, it, repository, run, scope, startBridge, temporaryFolder} from './harness.mjs';
import {publish} from './grpc.mjs';
import {openStream, request} from './sse.mjs';
import {examples} from './typed.mjs';

const sluice = path.join(buildFolder, 'sluice');
const protos = path.join(repository, 'tests/schema');

// The document as an object; fails on anything the parser calls an error.
async function parse(text) {
  const {document, diagnostics} = await new Parser().parse(text);
  const errors = diagnostics.filter(({severity}) => severity === 0);
  assert.deepEqual(errors.map(({path: at, message}) => `${at.join('.')}: ${message}`), []);
  return document;
}

// Answers what a payload does wrong.
function validator(document) {
  const ajv = new Ajv({strict: false, allErrors: true});
  addFormats(ajv);
  return (channel, message, data) => {
    const {payload} = document.channels[channel].messages[message];
    const validate = ajv.compile({allOf: [payload], components: document.components});
    validate(data);
    return validate.errors ?? [];
  };
}

describe('AsyncAPI', () => {
  const shared = scope();
  let bridge;
  let document;
  let problemsOf;
  let encode;

  before(async () => {
    const folder = temporaryFolder(shared);
    const set = path.join(folder, 'chat.binpb');
    const compiled = await run(shared, 'protoc', [
      `-I${protos}`, `-I${path.join(repository, 'proto')}`, '--include_imports', '--include_source_info', '-o', set, 'documented.proto']);
    assert.equal(compiled.code, 0, compiled.err);
    bridge = await startBridge(shared, {config: {
      service_name: 'chat-service',
      authorizer: {none: {}},
      schema: {descriptor_sets: [set]},
      http: {ops_listen: '127.0.0.1:0', credentials: {cookies: ['session']}},
      routes: [{
        path: '/chat/{room}', topics: ['chat/{room}'], captures: {room: ['red', 'blue']},
        description: 'What is said in a room.',
        heartbeat: {event: 'ping', data: {timestamp: '${now}'}},
      }],
    }});
    document = JSON.parse((await request(bridge.url('/asyncapi.json'))).body);
    problemsOf = validator(document);
    const root = new protobuf.Root();
    root.resolvePath = (origin, target) => target.startsWith('google/') ? target : path.join(target.startsWith('sluice/') ? path.join(repository, 'proto') : protos, target);
    const loaded = root.loadSync('documented.proto', {keepCase: true});
    encode = (name, fields) => {
      const type = loaded.lookupType(name);
      return {type_url: `type.googleapis.com/${name}`, value: Buffer.from(type.encode(type.fromObject(fields)).finish())};
    };
  });
  after(() => shared.end());

  it('IsValidForEveryExample', async (t) => {
    const files = readdirSync(examples).filter((name) => name.endsWith('.yaml'));
    assert.ok(files.length >= 2);
    for (const file of files) {
      const json = await run(t, sluice, ['--config', path.join(examples, file), '--asyncapi']);
      const yaml = await run(t, sluice, ['--config', path.join(examples, file), '--asyncapi-yaml']);
      assert.deepEqual([json.code, yaml.code], [0, 0], file);
      const parsed = await parse(json.out);
      assert.deepEqual((await parse(yaml.out)).json(), parsed.json(), file);
      assert.ok(parsed.channels().all().length > 0, file);
    }
  });

  it('IsServedAsJsonAndYaml', async () => {
    const json = await request(bridge.url('/asyncapi.json'));
    const yaml = await request(bridge.url('/asyncapi.yaml'));
    assert.equal(json.headers['content-type'], 'application/json');
    assert.equal(yaml.headers['content-type'], 'application/yaml');
    assert.deepEqual((await parse(yaml.body)).json(), (await parse(json.body)).json());
    assert.equal(document.servers.bridge.host, bridge.http);
    assert.equal(document.info.title, 'chat-service');
  });

  it('IsServedOnTheOpsListenerAloneWhenItIsNotPublic', async (t) => {
    const hidden = await startBridge(t, {config: {
      authorizer: {none: {}}, http: {ops_listen: '127.0.0.1:0', public_asyncapi: false},
    }});
    assert.equal((await request(hidden.url('/asyncapi.json'))).status, 404);
    assert.equal((await request(`http://${hidden.ops}/asyncapi.json`)).status, 200);
  });

  it('NamesRoutesParametersAndCredentials', () => {
    const channel = document.channels.chat_room;
    assert.equal(channel.address, '/chat/{room}');
    assert.equal(channel.description, 'What is said in a room.');
    assert.deepEqual(channel.parameters.room.enum, ['red', 'blue']);
    assert.ok(document.channels.v1_events, 'the default routes are there too');
    const operation = document.operations.get_chat_room;
    assert.equal(operation.action, 'send');
    assert.equal(operation.bindings.http.method, 'GET');
    assert.deepEqual(Object.keys(document.components.securitySchemes).sort(),
        ['bearer', 'cookie_session', 'query_token']);
  });

  it('NamesEventsByTheirAnnotationsWithTheCommentsOfTheProto', () => {
    const {messages} = document.channels.chat_room;
    assert.deepEqual(Object.keys(messages).sort(),
        ['connect', 'error', 'everything', 'gap', 'number', 'over', 'ping', 'said']);
    assert.match(messages.said.description, /Somebody said something/);
    assert.match(messages.over.description, /Ends the stream/);
    const everything = document.components.schemas['acme.documented.v1.Everything'];
    assert.match(everything.properties.big.description, /Beyond what a double holds/);
  });

  const samples = [
    ['everything', 'Everything', {}],
    ['everything', 'Everything', {
      is_typing: true, big: '-9223372036854775808', unsigned_big: '18446744073709551615', ratio: Infinity,
      small: 1.5, blob: Buffer.from('\xff\xfe', 'latin1'), mood: 1, numbers: [1, -2], counts: {a: 1},
      at: {seconds: 1, nanos: 5}, took: {seconds: 3}, value: {listValue: {values: [{nullValue: 0}, {boolValue: true}]}},
      struct: {fields: {a: {numberValue: 1}}}, wrapped: {value: 'x'}, wrapped_big: {value: '5'},
      child: {numbers: [3]}, children: {one: {ratio: NaN}},
      named: 'n', text: 't', mask: {paths: ['a_b', 'c']}, nothing: {},
    }],
    ['everything', 'Everything', {mood: 77, moods: [0, 1, 9]}],
    ['said', 'Update', {said: {text: 'hello'}}],
    ['number', 'Update', {number: 5}],
    ['over', 'Over', {}],
  ];
  for (const [event, name, fields] of samples) {
    it(`A${name}ValidatesAs_${event}_${Object.keys(fields).length}`, async (t) => {
      const stream = await openStream(t, bridge.url('/chat/red'));
      const connect = await stream.next('connect');
      assert.deepEqual(problemsOf('chat_room', 'connect', JSON.parse(connect.data)), []);
      await publish(bridge, [{topic: 'chat/red', message: encode(`acme.documented.v1.${name}`, fields)}]);
      const {data} = await stream.next(event);
      assert.deepEqual(problemsOf('chat_room', event, JSON.parse(data)), [], data);
    });
  }

  it('AndWhatIsWrongDoesNot', () => {
    assert.notDeepEqual(problemsOf('chat_room', 'said', {text: 5}), []);
    assert.notDeepEqual(problemsOf('chat_room', 'said', {}), [], 'a field without presence always comes');
    assert.notDeepEqual(problemsOf('chat_room', 'number', 'five'), []);
    assert.notDeepEqual(problemsOf('chat_room', 'everything', {big: 5}), []);
  });
});
