// The bridge asks a server of Envoy's external authorization that knows nothing of it.
import assert from 'node:assert/strict';
import {describe} from 'node:test';
import {it, startBridge, token} from './harness.mjs';
import {publish, status, subscribe} from './grpc.mjs';
import {openStream, request} from './sse.mjs';
import {allowed, denied, list, startEnvoyAuthorizer, text, toStruct} from './envoy.mjs';

const asking = ({address}, more = {}, settings = {}) =>
  ({authorizer: {ext_authz: {address, ...settings}}, ...more});
const bearer = (name) => ({authorization: `Bearer ${token(name)}`});
const tick = (n, type = 'tick') => ({topic: 'room/1', type, json: {n, secret: 'x'}});

describe('a server of Envoy\'s external authorization', () => {
  it('AllowsWithASubjectAndNarrowsWhatIsSent', async (t) => {
    const authorizer = await startEnvoyAuthorizer(t, () => allowed({
      subject: 'ada',
      sluice: {
        event_types: list(['tick', 'tock']),
        attributes: toStruct({tenant: text('blue')}),
        field_masks: toStruct({tick: list(['n'])}),
      },
    }));
    const bridge = await startBridge(t, {config: asking(authorizer, {
      routes: [{path: '/me', topics: ['room/1', 'user/{subject}']}],
    })});
    const stream = await openStream(t, bridge.url('/me'), {headers: bearer('ada')});
    const connect = await stream.next('connect');
    assert.deepEqual(JSON.parse(connect.data).topics, ['room/1', 'user/ada']);
    const blue = {attributes: {tenant: 'blue'}};
    await publish(bridge, [
      {...tick(1), attributes: {tenant: 'red'}}, {...tick(2, 'other'), ...blue}, {...tick(3), ...blue},
      {...tick(4, 'tock'), ...blue},
    ]);
    assert.deepEqual(JSON.parse((await stream.next('tick')).data), {n: 3});
    assert.deepEqual(JSON.parse((await stream.next('tock')).data), {n: 4, secret: 'x'});
  });

  it('IsAskedInEnvoysForm', async (t) => {
    const authorizer = await startEnvoyAuthorizer(t, () => allowed());
    const bridge = await startBridge(t, {config: asking(authorizer, {}, {
      headers: ['x-tenant'], send_peer_address: true, context_extensions: {app: 'chat'},
    })});
    await openStream(t, bridge.url(
        `/v1/events?topic=room/1&topic=room/2&token=${token('q')}&lastEventId=1-2&kind=a%26b`),
    {headers: {'X-Tenant': 'acme', 'X-Other': 'no'}});
    const [{source, request: asked, context_extensions: context}] = authorizer.asked.items;
    assert.equal(asked.http.method, 'GET');
    assert.equal(asked.http.path, '/v1/events?topic=room/1&topic=room/2&kind=a%26b');
    assert.equal(asked.http.query, '');
    assert.equal(asked.http.host, bridge.http);
    assert.equal(asked.http.scheme, 'http');
    assert.equal(asked.http.size, '-1');
    assert.deepEqual(asked.http.headers,
        {'authorization': `Bearer ${token('q')}`, 'x-tenant': 'acme'});
    assert.ok(Math.abs(Number(asked.time.seconds) - Date.now() / 1000) < 60);
    assert.equal(source.address.socket_address.address, '127.0.0.1');
    assert.ok(source.address.socket_address.port_value > 0);
    assert.deepEqual(context,
        {app: 'chat', action: 'subscribe', topics: '["room/1","room/2"]'});
  });

  it('IsAskedOverGrpcToo', async (t) => {
    const authorizer = await startEnvoyAuthorizer(t, ({context_extensions: {action}}) =>
      action === 'publish' ? denied('Forbidden', 'read only') : allowed());
    const bridge = await startBridge(t, {config: asking(authorizer, {publishing: {authorize: true}})});
    const {head} = subscribe(t, bridge, {topics: ['room/1']}, {credential: token('grpc')});
    await head;
    await assert.rejects(publish(bridge, [tick(1)], {credential: token('grpc')}),
        ({code, details}) => code === status.PERMISSION_DENIED && /read only/.test(details));
    const [reading, writing] = authorizer.asked.items;
    assert.equal(reading.request.http.path, '/sluice.v1.Subscriber/Subscribe');
    assert.equal(reading.request.http.headers.authorization, `Bearer ${token('grpc')}`);
    assert.deepEqual(reading.context_extensions,
        {action: 'subscribe', topic: 'room/1', topics: '["room/1"]'});
    assert.equal(writing.request.http.path, '/sluice.v1.Publisher/Publish');
    assert.equal(writing.request.http.method, 'POST');
  });

  const failing = () => { throw Object.assign(new Error('broken'), {code: status.INTERNAL}); };
  const answers = [
    ['401 in denied_response', () => denied('Unauthorized'), 401],
    ['403 in denied_response', () => denied('Forbidden'), 403],
    ['404 in denied_response', () => denied('NotFound'), 403],
    ['500 in denied_response', () => denied('InternalServerError'), 503],
    ['a bare status', () => ({status: {code: 7}}), 403],
    ['a bare UNAUTHENTICATED', () => ({status: {code: 16}}), 401],
    ['an OK that denies', () => ({...denied('Forbidden'), status: {code: 0}}), 503],
    ['an empty answer', () => ({}), 503],
    ['metadata that is not understood', () => allowed({sluice: {event_type: text('tick')}}), 503],
    ['a gRPC error', failing, 503],
    ['no answer', () => new Promise(() => {}), 503],
  ];
  for (const [what, decide, expected] of answers) {
    it(`RefusesOn: ${what}`, async (t) => {
      const authorizer = await startEnvoyAuthorizer(t, decide);
      const bridge = await startBridge(t, {config: asking(authorizer, {}, {deadline: '300ms'})});
      const answer = await request(bridge.url('/v1/room/1'), {headers: bearer('some')});
      assert.equal(answer.status, expected);
    });
  }

  it('TellsTheClientWhy', async (t) => {
    const authorizer = await startEnvoyAuthorizer(t, () => denied('Forbidden', 'not your room'));
    const bridge = await startBridge(t, {config: asking(authorizer)});
    const answer = await request(bridge.url('/v1/room/1'), {headers: bearer('some')});
    assert.match(answer.json().detail, /not your room/);
  });

  it('IsAskedOnceByAHerd', async (t) => {
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    const authorizer = await startEnvoyAuthorizer(t, () => held.then(() => allowed()));
    const bridge = await startBridge(t, {config: asking(authorizer, {}, {deadline: '20s'})});
    const herd = Array.from({length: 200}, () =>
      openStream(t, bridge.url('/v1/room/1'), {headers: bearer('herd')}));
    await authorizer.asked.when(({length}) => length > 0, 'the first question');
    release();
    for (const stream of await Promise.all(herd)) assert.equal(stream.status, 200);
    await openStream(t, bridge.url('/v1/room/1'), {headers: bearer('other')});
    assert.equal(authorizer.asked.items.length, 2);
  });

  it('MayBeOneOfSeveralThatMustAllowIt', async (t) => {
    const first = await startEnvoyAuthorizer(t, () => allowed({subject: 'ada'}));
    const second = await startEnvoyAuthorizer(t, ({context_extensions: {topic}}) =>
      topic === 'room/1' ? allowed() : denied('Forbidden'));
    const bridge = await startBridge(t, {config: {
      authorizers: {
        first: {ext_authz: {address: first.address}}, second: {ext_authz: {address: second.address}},
      },
      routes: [
        {path: '/both/{id}', topics: ['room/{id}'], authorizers: ['first', 'second']},
        {path: '/first/{id}', topics: ['room/{id}'], authorizers: ['first']},
      ],
    }});
    const status = async (target) => (await openStream(t, bridge.url(target))).status;
    assert.equal(await status('/both/1'), 200);
    assert.equal(await status('/first/2'), 200);
    assert.equal((await request(bridge.url('/both/2'))).status, 403);
    assert.equal((await request(bridge.url('/v1/room/1'))).status, 403);
  });
});
