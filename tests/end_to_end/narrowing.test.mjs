// What an authorizer leaves of the events of a topic: two users read the same one, over everything that can
// read it.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {describe} from 'node:test';
import {fileURLToPath} from 'node:url';
import {publish, subscribe} from './grpc.mjs';
import {it, run, startBridge, startExampleAuthorizer, temporaryFolder, token} from './harness.mjs';
import {openStream} from './sse.mjs';
import {startBackend} from './typed.mjs';

const folder = path.dirname(fileURLToPath(import.meta.url));
const [ada, bob, all] = ['ada', 'bob', 'all'].map(token);
const users = {
  [ada]: {
    subject: 'ada', subscribe: ['**'], attributes: {tenant: 'acme'}, event_types: ['note', 'memo', 'word'],
    field_masks: {note: ['id', 'author.name', 'parts.text'], memo: [], word: ['n']},
  },
  [bob]: {
    subject: 'bob', subscribe: ['**'], event_types: ['note', 'log', 'word'],
    field_masks: {'note': ['secret'], '*': ['text']},
  },
  [all]: {subject: 'all', subscribe: ['**'], publish: ['**']},
};
const note = {
  id: 7, author: {name: 'Ada', mail: 'ada@acme.example'}, secret: 'hidden from ada',
  parts: [{text: 'a', cost: 1}, {text: 'b', cost: 2}, 'c'],
};
const tenant = (name) => ({attributes: {tenant: name}});
const events = [
  {topic: 'room/1', type: 'note', json: note, ...tenant('acme')},
  {topic: 'room/1', type: 'note', json: {...note, id: 8}, ...tenant('other')},
  {topic: 'room/1', type: 'memo', json: {anything: true}, ...tenant('acme')},
  {topic: 'room/1', type: 'log', text: 'a line\nof a log', ...tenant('acme')},
  {topic: 'room/1', type: 'log', json: {text: 'shown to bob', level: 3}, ...tenant('acme')},
];
const forAda = [
  ['note', {id: 7, author: {name: 'Ada'}, parts: [{text: 'a'}, {text: 'b'}]}], ['memo', {}],
];
const forBob = [
  ['note', {secret: note.secret}], ['note', {secret: note.secret}], ['log', {}],
  ['log', {text: 'shown to bob'}],
];
const as = (credential) => ({headers: {authorization: `Bearer ${credential}`}});
const shown = (received) => received.map(({event, data}) => [event, JSON.parse(data)]);

async function start(t, more = {}) {
  const authorizer = await startExampleAuthorizer(t, users);
  return startBridge(t, {config: {authorizer: {grpc: {address: authorizer.address}}, ...more}});
}

describe('what an authorizer leaves', () => {
  it('IsAllThatEachUserGetsOfOneTopic', async (t) => {
    const bridge = await start(t);
    const streams = await Promise.all(
        [ada, bob, bob, all].map((user) => openStream(t, bridge.url('/v1/room/1'), as(user))));
    await publish(bridge, events);
    const [one, two, twoToo, whole] = await Promise.all(
        streams.map((stream, i) => stream.take([2, 4, 4, 5][i])));
    assert.deepEqual(shown(one), forAda);
    assert.deepEqual(shown(two), forBob);
    assert.deepEqual(shown(twoToo), forBob);
    assert.deepEqual(JSON.parse(whole[0].data), note);
    for (const [stream, ids] of [[streams[0], one], [streams[1], two]]) {
      assert.ok(ids.every(({id}) => id), 'masked events have ids');
      assert.doesNotMatch(stream.text, /mail|cost|anything|level|of a log/);
    }
  });

  it('IsAllThatAReplayHas', async (t) => {
    const bridge = await start(t, {routes: [{path: '/past', topics: ['room/1'], start: 'earliest'}]});
    await publish(bridge, events);
    const past = await openStream(t, bridge.url('/past'), as(ada));
    assert.deepEqual(shown(await past.take(2)), forAda);
    const first = past.events.items.find(({event}) => event === 'note');
    const resumed = await openStream(t, bridge.url('/past'), {...as(ada), lastEventId: first.id});
    assert.deepEqual(shown(await resumed.take(1)), forAda.slice(1));
  });

  it('IsAllThatTheRulesOfARouteSee', async (t) => {
    const bridge = await start(t, {routes: [{
      path: '/shaped', topics: ['room/1'],
      frames: {ids: 'off', rules: [
        {type: 'note', event: 'memo', json: {
          v: 1, id: '${data.id}', secret: '${data.secret}', by: '${data.author}', payload: '${data}',
        }},
        {type: 'memo', event: 'note', type_key: 'kind'},
        {type: 'log', text: 'a line'},
      ]},
    }]});
    const [one, two] = await Promise.all(
        [ada, bob].map((user) => openStream(t, bridge.url('/shaped'), as(user))));
    await publish(bridge, events);
    assert.deepEqual(shown(await one.take(2)), [
      ['memo', {v: 1, id: 7, secret: null, by: {name: 'Ada'}, payload: forAda[0][1]}],
      ['note', {kind: 'memo'}],
    ]);
    const received = await two.take(4);
    assert.deepEqual(shown(received.slice(0, 1)), [
      ['memo', {v: 1, id: null, secret: note.secret, by: null, payload: {secret: note.secret}}],
    ]);
    assert.deepEqual(received.slice(2).map(({data}) => data), ['a line', 'a line']);
    assert.ok(received.every(({id}) => !id));
  });

  it('IsAllThatACallForARequestSays', async (t) => {
    const file = path.join(temporaryFolder(t), 'calls.binpb');
    const {code, err} = await run(t, 'protoc', [
      `-I${folder}`, `--descriptor_set_out=${file}`, '--include_imports', 'calls.proto',
    ]);
    assert.equal(code, 0, err);
    const backend = await startBackend(t, readFileSync(file), 'calls.v1.Speaker', 'Speak', (call) => {
      call.write({n: 1, text: 'one'});
      call.end();
    });
    const bridge = await start(t, {
      schema: {descriptor_sets: [file]},
      backends: {speaker: {address: backend.address, reflection: false}},
      routes: [{
        path: '/say', connect: {enabled: false}, topics: ['said/1'],
        call: {backend: 'speaker', method: 'calls.v1.Speaker/Speak', done: {event: 'finish', data: {text: 1}}},
      }],
    });
    // (An event of a backend has no attributes: ada's filter lets none through, bob has none.)
    const stream = await openStream(t, bridge.url('/say'), as(bob));
    assert.deepEqual(shown(await stream.take(2)), [['word', {text: 'one'}], ['finish', {text: 1}]]);
    const whole = await openStream(t, bridge.url('/say'), as(all));
    assert.deepEqual(shown(await whole.take(1)), [['word', {n: 1, text: 'one'}]]);
  });

  it('IsAllThatSubscribeOverGrpcGives', async (t) => {
    const bridge = await start(t);
    const calls = [ada, bob].map((credential) => subscribe(t, bridge, {topics: ['room/1']}, {credential}));
    await Promise.all(calls.map(({head}) => head));
    await publish(bridge, events);
    const expected = [forAda, forBob];
    for (const [i, {events: feed}] of calls.entries()) {
      const received = await feed.when((items) => items.length === expected[i].length && items, 'events');
      assert.deepEqual(received.map(({type, data}) => [type, JSON.parse(data)]), expected[i]);
      assert.equal(received[0].attributes.tenant, 'acme');
    }
  });
});
