// What an attacker publishes: values that would become lines of a frame, and topics of others. Each is refused
// with its one status.
import assert from 'node:assert/strict';
import {after, before, describe} from 'node:test';
import {it, scope, startBridge, token} from './harness.mjs';
import {
  allow, call, client, publish, publishStream, publisher, startAuthorizer, status, subscribe, toEvent,
} from './grpc.mjs';
import {openStream} from './sse.mjs';

const ORDERS = token('orders');
const good = (more = {}) => ({topic: 'orders/1', type: 'tick', json: {n: 1}, ...more});

describe('an attacker who publishes', () => {
  const shared = scope();
  let bridge;
  let authorizer;
  before(async () => {
    authorizer = await startAuthorizer(shared, ({credential, action, topics}) => {
      if (credential !== ORDERS) return {decision: 'DECISION_DENY_UNAUTHENTICATED'};
      const denied = topics.filter((topic) => !topic.startsWith('orders/'));
      if (denied.length) return {decision: 'DECISION_DENY_FORBIDDEN', denied_topics: denied};
      return allow({subject: 'orders', ...(action === 'ACTION_PUBLISH' ? {event_types: ['tick']} : {})});
    });
    bridge = await startBridge(shared, {config: {
      authorizer: {grpc: {address: authorizer.address}}, publishing: {authorize: true},
    }});
  });
  after(() => shared.end());

  const publishing = (event, credential = ORDERS) =>
    call(publisher(bridge), 'Publish', {events: [toEvent(event)]}, {credential});
  const injections = [
    ['a line break in the type', {type: 'tick\ndata: evil'}],
    ['CR in the type', {type: 'tick\rdata: evil'}],
    ['NUL in the type', {type: 'tick\0'}],
    ['a line break in the id', {id: '1\ndata: evil'}],
    ['CR in the id', {id: '1\rid: 2'}],
    ['NUL in the id', {id: '1\0'}],
    ['an id that is no ASCII', {id: 'ü'}],
    ['an id of 200 bytes', {id: 'a'.repeat(200)}],
    ['a line break in the topic', {topic: 'orders/1\nevent: evil'}],
    ['NUL in the topic', {topic: 'orders/1\0'}],
    ['dots in the topic', {topic: 'orders/../user/1'}],
    ['an empty segment of the topic', {topic: 'orders//1'}],
    ['no topic', {topic: ''}],
    ['a topic of 256 bytes', {topic: `orders/${'a'.repeat(249)}`}],
    ['a topic that names the subject', {topic: 'orders/{subject}'}],
    ['a topic of nine segments', {topic: 'orders/2/3/4/5/6/7/8/9'}],
    ['a line break in an attribute', {attributes: {kind: 'a\nb'}}],
    ['a line break in an attribute\'s name', {attributes: {'ki\nnd': 'a'}}],
    ['NUL in an attribute', {attributes: {kind: 'a\0'}}],
    ['broken JSON', {json: undefined, raw_json: '{"a":'}],
    ['two JSON values', {json: undefined, raw_json: '{} {}'}],
    ['JSON behind a line break', {json: undefined, raw_json: '{}\n\nevent: evil\ndata: {}'}],
    ['NUL behind JSON', {json: undefined, raw_json: '{}\0'}],
    ['a byte order mark before JSON', {json: undefined, raw_json: '\ufeff{}'}],
    // (A limit of the bridge's, not a rule of JSON's.)
    ['JSON that is too deep', {json: undefined, raw_json: '['.repeat(100_000)}, status.RESOURCE_EXHAUSTED],
    ['NUL in text', {json: undefined, text: 'a\0b'}],
  ];
  for (const [name, more, code = status.INVALID_ARGUMENT] of injections) {
    it(`Refuses: ${name}`, async () => {
      const asked = authorizer.asked.items.length;
      await assert.rejects(publishing(good(more)), {code, details: /^events\[0\]/});
      for (const {topics} of authorizer.asked.items.slice(asked)) assert.deepEqual(topics, ['orders/1']);
    });
  }

  it('RefusesWhatIsCompressed', async (t) => {
    // Two megabytes on the wire may be gigabytes behind it.
    const stub = client(t, bridge, 'Publisher', {'grpc.default_compression_algorithm': 2});
    await assert.rejects(call(stub, 'Publish', {events: [toEvent(good({json: 'a'.repeat(10_000)}))]},
        {credential: ORDERS}), {code: status.UNIMPLEMENTED});
  });

  it('MakesLinesOfATextDataLinesAndNothingElse', async (t) => {
    const stream = await openStream(t, bridge.url('/v1/orders/text'),
        {headers: {authorization: `Bearer ${ORDERS}`}});
    await stream.next('connect');
    const evil = 'one\nevent: evil\r\nid: 7\rretry: 1\n\ndata: two\n:three';
    const [id] = await publish(bridge, [{topic: 'orders/text', type: 'tick', text: evil}], {credential: ORDERS});
    const [event] = await stream.take(1);
    assert.deepEqual([event.event, event.id, event.data],
        ['tick', id, evil.replace(/\r\n?/g, '\n')]);
    assert.deepEqual(stream.retries, []);
    const block = stream.text.slice(stream.text.indexOf('event: tick'));
    assert.deepEqual(block.trimEnd().split('\n').map((line) => line.split(':')[0]),
        ['event', 'id', ...Array(7).fill('data')]);
  });

  it('EscapesLineBreaksInJson', async (t) => {
    const stream = await openStream(t, bridge.url('/v1/orders/json'),
        {headers: {authorization: `Bearer ${ORDERS}`}});
    await stream.next('connect');
    const value = {'a\nevent: evil': 'b\r\n\r\ndata: c\u2028'};
    await publish(bridge, [{topic: 'orders/json', type: 'tick', json: value},
      {topic: 'orders/json', type: 'tick', raw_json: '{\n\n"a":\r\n1\r}'}], {credential: ORDERS});
    const events = await stream.take(2);
    assert.deepEqual(events.map(({data}) => JSON.parse(data)), [value, {a: 1}]);
    assert.deepEqual(events.map(({event}) => event), ['tick', 'tick']);
  });

  const foreign = [
    ['another topic', good({topic: 'user/1'}), ORDERS, status.PERMISSION_DENIED],
    ['the name of a right as a topic', good({topic: 'orders'}), ORDERS, status.PERMISSION_DENIED],
    ['a topic that begins alike', good({topic: 'ordersx/1'}), ORDERS, status.PERMISSION_DENIED],
    ['a transient event', good({topic: 'user/1', transient: true}), ORDERS, status.PERMISSION_DENIED],
    ['an end', good({topic: 'user/1', end_of_stream: true}), ORDERS, status.PERMISSION_DENIED],
    ['a bare retry', {topic: 'user/1', retry: {seconds: 1}}, ORDERS, status.PERMISSION_DENIED],
    ['a type that is not allowed', good({type: 'evil'}), ORDERS, status.PERMISSION_DENIED],
    ['somebody else\'s credential', good(), token('eve'), status.UNAUTHENTICATED],
    ['no credential', good(), '', status.UNAUTHENTICATED],
  ];
  for (const [name, event, credential, code] of foreign) {
    it(`KeepsAPublisherFrom: ${name}`, async () => {
      await assert.rejects(publishing(event, credential), {code});
    });
  }

  it('AsksForEveryTopicOfAStream', async (t) => {
    const stream = publishStream(t, bridge, {credential: ORDERS});
    const codes = async (count) => (await stream.results.when((items) => items.length >= count && items,
        `${count} answers`)).map(({status: answer}) => answer?.code ?? status.OK);
    await stream.send([good({topic: 'orders/first'})]);
    await stream.send([good({topic: 'orders/first'}), good({topic: 'orders/second'})]);
    assert.deepEqual(await codes(2), [status.OK, status.OK]);
    await stream.send([good({topic: 'orders/first'}), good({topic: 'user/1'})]);
    await stream.send([good({topic: 'orders/second', type: 'evil'})]);
    assert.deepEqual(await codes(4),
        [status.OK, status.OK, status.PERMISSION_DENIED, status.PERMISSION_DENIED]);
  });

  // An answer that is remembered is for the action that was asked about.
  it('PublishesNothingByARightToRead', async (t) => {
    const reader = token('reader');
    const readers = await startAuthorizer(t, ({action}) =>
      action === 'ACTION_SUBSCRIBE' ? allow() : {decision: 'DECISION_DENY_FORBIDDEN'});
    const remembering = await startBridge(t, {config: {
      authorizer: {grpc: {address: readers.address}}, publishing: {authorize: true},
      access: {cache: {allowed: '5m', denied: '5m'}},
    }});
    const {head} = subscribe(t, remembering, {topics: ['orders/1']}, {credential: reader});
    await head;
    await assert.rejects(publish(remembering, [good()], {credential: reader}), {code: status.PERMISSION_DENIED});
  });

  it('StoresNothingOfARequestThatIsPartlyForeign', async (t) => {
    const stub = publisher(bridge);
    await assert.rejects(call(stub, 'Publish', {events: [
      toEvent(good({topic: 'orders/half', id: 'a'})), toEvent(good({topic: 'user/1', id: 'b'})),
    ]}, {credential: ORDERS}), {code: status.PERMISSION_DENIED});
    const stream = publishStream(t, bridge, {credential: ORDERS});
    await stream.send([good({topic: 'orders/half', id: 'c'}), good({topic: 'user/1', id: 'd'})]);
    await stream.send([good({topic: 'orders/half', id: 'e', json: {n: 5}})]);
    const results = await stream.results.when((items) => items.length >= 2 && items, 'both answers');
    assert.equal(results[0].status.code, status.PERMISSION_DENIED);
    const reader = subscribe(t, bridge, {topics: ['orders/half'], start: 'earliest'}, {credential: ORDERS});
    const [first] = await reader.events.when((items) => items.length && items, 'what was stored');
    assert.equal(JSON.parse(first.data).n, 5);
  });

  it('KeepsASubscriberOverGrpcFromOtherTopics', async (t) => {
    const asks = [
      [{topics: ['user/1']}, ORDERS, status.PERMISSION_DENIED],
      [{topics: ['orders/1', 'user/1']}, ORDERS, status.PERMISSION_DENIED],
      [{topics: ['orders/1']}, token('eve'), status.UNAUTHENTICATED],
      [{topics: ['orders/../user/1']}, ORDERS, status.INVALID_ARGUMENT],
      [{topics: ['orders/1\n']}, ORDERS, status.INVALID_ARGUMENT],
      [{topics: []}, ORDERS, status.INVALID_ARGUMENT],
      [{topics: ['orders/1'], last_event_id: 'a\nb'}, ORDERS, status.INVALID_ARGUMENT],
    ];
    for (const [request, credential, code] of asks) {
      const {finished} = subscribe(t, bridge, request, {credential});
      assert.equal((await finished).code, code, JSON.stringify(request));
    }
  });

  it('ShowsStatisticsAndSubscribersToNobodyWithoutTheRight', async (t) => {
    const admin = client(t, bridge, 'Admin');
    const asks = [['GetStats', {}], ['ListTopics', {}], ['ListSubscribers', {}],
      ['Disconnect', {subject: 'orders'}]];
    for (const [method, request] of asks) {
      await assert.rejects(call(admin, method, request), {code: status.UNAUTHENTICATED}, method);
    }
  });
});
