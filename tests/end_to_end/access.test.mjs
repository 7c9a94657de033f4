// Who may read and write: the example authorizer, and one of the tests' own for what must be timed or away.
import assert from 'node:assert/strict';
import {describe} from 'node:test';
import {
  SECRET, eventually, freePort, it, startBridge, startExampleAuthorizer, token,
} from './harness.mjs';
import {allow, call, client, publish, publishStream, startAuthorizer, status, subscribe} from './grpc.mjs';
import {openStream, request} from './sse.mjs';

const asking = ({address}, more = {}) => ({authorizer: {grpc: {address}}, ...more});
const tick = (n, more = {}) => ({topic: 'room/1', type: 'tick', json: {n}, ...more});
const numbers = (events) => events.map(({data}) => JSON.parse(data).n);
const likeEventSource = {'accept': 'text/event-stream', 'cache-control': 'no-cache'};
const inSeconds = (seconds) => {
  const at = Date.now() + seconds * 1000;
  return {seconds: Math.floor(at / 1000), nanos: (at % 1000) * 1e6};
};

describe('an authorizer in front', () => {
  it('IsAskedWithTheCredentialExplicitBeforeAmbient', async (t) => {
    const authorizer = await startAuthorizer(t, () => allow({subject: 'ada'}));
    const bridge = await startBridge(t, {config: asking(authorizer, {
      http: {credentials: {query_parameters: ['token', 'access'], cookies: ['session']}},
    })});
    const bearer = {authorization: `Bearer ${token('header')}`};
    const cookie = {
      'cookie': `other=1; session=${token('cookie')}`, 'sec-fetch-site': 'same-origin',
    };
    const asks = [
      ['', {...bearer, ...cookie}, token('header')],
      [`?token=${token('query')}`, {...bearer, ...cookie}, token('header')],
      [`?access=${token('query')}`, cookie, token('query')],
      ['', cookie, token('cookie')],
      ['', {}, ''],
    ];
    for (const [query, headers, credential] of asks) {
      const stream = await openStream(t, bridge.url(`/v1/room/1${query}`), {headers});
      assert.equal(stream.status, 200);
      const asked = authorizer.asked.items.at(-1);
      assert.deepEqual([asked.action, asked.topics, asked.credential],
          ['ACTION_SUBSCRIBE', ['room/1'], credential]);
      assert.equal(asked.peer_address, '');
    }
  });

  it('GetsTheConfiguredHeadersAndThePeerOnRequest', async (t) => {
    const authorizer = await startAuthorizer(t, () => allow());
    const bridge = await startBridge(t, {config: {authorizer: {grpc: {
      address: authorizer.address, headers: ['x-tenant'], send_peer_address: true,
    }}}});
    await openStream(t, bridge.url('/v1/room/1'), {headers: {'X-Tenant': 'acme', 'X-Other': 'no'}});
    const [asked] = authorizer.asked.items;
    assert.deepEqual(asked.headers, {'x-tenant': 'acme'});
    assert.match(asked.peer_address, /^127\.0\.0\.1:\d+$/);
  });

  it('DeniesWith401Or403AndNamesTheTopic', async (t) => {
    const authorizer = await startAuthorizer(t, ({credential, topics}) => {
      if (!credential) return {decision: 'DECISION_DENY_UNAUTHENTICATED', reason: 'no token'};
      const denied = topics.filter((topic) => topic !== 'room/1');
      return denied.length ?
        {decision: 'DECISION_DENY_FORBIDDEN', reason: 'not yours', denied_topics: denied} : allow();
    });
    const bridge = await startBridge(t, {config: asking(authorizer)});
    const headers = {authorization: `Bearer ${token('some')}`};
    const none = await request(bridge.url('/v1/room/1'));
    assert.equal(none.status, 401);
    assert.match(none.headers['www-authenticate'], /^Bearer/);
    const other = await request(bridge.url('/v1/events?topic=room/1&topic=room/2'), {headers});
    assert.equal(other.status, 403);
    assert.match(other.json().detail, /room\/2/);
    assert.doesNotMatch(other.json().detail, /room\/1/);
    assert.equal((await openStream(t, bridge.url('/v1/room/1'), {headers})).status, 200);
  });

  it('DeniesEvenAnEventSourceWithTheStatus', async (t) => {
    const authorizer = await startAuthorizer(t, () => ({decision: 'DECISION_DENY_FORBIDDEN'}));
    const bridge = await startBridge(t, {config: asking(authorizer)});
    const answer = await request(bridge.url('/v1/room/1'), {headers: likeEventSource});
    assert.equal(answer.status, 403);
  });

  it('FailsClosedWhenItIsAway', async (t) => {
    const config = {
      authorizer: {grpc: {address: `127.0.0.1:${await freePort()}`, deadline: '500ms'}},
      http: {cors: {origins: ['https://app.example']}},
      routes: [
        {path: '/stream', topics: ['room/1'], refusal: 'stream'},
        {path: '/status', topics: ['room/1'], refusal: 'status'},
        {path: '/open', topics: ['room/1'], public: true},
      ],
    };
    const bridge = await startBridge(t, {config});
    const plain = await request(bridge.url('/v1/room/1'));
    assert.equal(plain.status, 503);
    assert.match(plain.headers['retry-after'], /^\d+$/);
    assert.match(plain.headers['content-type'], /^application\/problem\+json/);
    const asEventSource = [
      ['/v1/room/1', {...likeEventSource, origin: 'https://app.example'}, 200],
      ['/stream', {}, 200], ['/status', likeEventSource, 503], ['/open', {}, 200],
    ];
    for (const [target, headers, expected] of asEventSource.slice(0, 3)) {
      const answer = await request(bridge.url(target), {headers});
      assert.equal(answer.status, expected, target);
      if (expected === 200) {
        assert.match(answer.headers['content-type'], /^text\/event-stream/);
        assert.match(answer.body, /^retry: \d+\n\n$/);
      }
      if (headers.origin) assert.equal(answer.headers['access-control-allow-origin'], headers.origin);
    }
    const open = await openStream(t, bridge.url('/open'));
    await open.next('connect');
    const {finished} = subscribe(t, bridge, {topics: ['room/1']});
    assert.equal((await finished).code, status.UNAVAILABLE);
  });

  const failures = [
    ['an error', () => { throw Object.assign(new Error('broken'), {code: status.INTERNAL}); }],
    ['DECISION_ERROR', () => ({decision: 'DECISION_ERROR'})],
    ['no decision', () => ({})],
    ['no answer', () => new Promise(() => {})],
  ];
  for (const [what, decide] of failures) {
    it(`FailsClosedOn: ${what}`, async (t) => {
      const authorizer = await startAuthorizer(t, decide);
      const bridge = await startBridge(t, {config: {
        authorizer: {grpc: {address: authorizer.address, deadline: '300ms'}},
      }});
      assert.equal((await request(bridge.url('/v1/room/1'))).status, 503);
    });
  }

  it('RefusesEverythingWhenNoneIsConfiguredButPublicRoutes', async (t) => {
    const bridge = await startBridge(t, {config: {routes: [
      {path: '/open', topics: ['room/1'], public: true},
    ]}});
    const refused = await request(bridge.url('/v1/room/1'), {headers: {authorization: `Bearer ${token('x')}`}});
    assert.ok([401, 403].includes(refused.status), String(refused.status));
    assert.equal((await openStream(t, bridge.url('/open'))).status, 200);
  });

  it('ClosesTheStreamWithAnErrorEventWhenTheAnswerExpires', async (t) => {
    const end = inSeconds(2);
    const authorizer = await startAuthorizer(t, () => allow({expires_at: end}));
    const bridge = await startBridge(t, {config: asking(authorizer)});
    const stream = await openStream(t, bridge.url('/v1/room/1'));
    await stream.next('connect');
    const error = await stream.next('error');
    assert.ok(JSON.parse(error.data), error.data);
    assert.deepEqual(await stream.ended(), {clean: true});
    await bridge.log.when((lines) => lines.some((line) => line.includes('expired')), 'the reason');
  });

  it('ImposesAttributesAndEventTypes', async (t) => {
    const authorizer = await startAuthorizer(t, () => allow({
      attributes: {tenant: 'acme'}, event_types: ['tick', 'tock'],
    }));
    const bridge = await startBridge(t, {config: asking(authorizer, {routes: [
      {path: '/mine', topics: ['room/1'], filter: {lang: 'en'}},
    ]})});
    const wide = await openStream(t, bridge.url('/v1/room/1'));
    const narrow = await openStream(t, bridge.url('/mine'));
    const {events} = subscribe(t, bridge, {topics: ['room/1'], start: 'earliest'});
    await wide.next('connect');
    await narrow.next('connect');
    await publish(bridge, [
      tick(1), tick(2, {attributes: {tenant: 'evil'}}), tick(3, {attributes: {tenant: 'acme'}}),
      tick(4, {type: 'admin', attributes: {tenant: 'acme'}}),
      tick(5, {type: 'tock', attributes: {tenant: 'acme', lang: 'en'}}),
    ]);
    assert.deepEqual(numbers(await wide.take(2)), [3, 5]);
    assert.deepEqual(numbers(await narrow.take(1)), [5]);
    const got = await events.when((items) => items.length >= 2 && items, 'two events');
    assert.deepEqual(numbers(got), [3, 5]);
  });

  it('FillsTheSubjectIntoTopics', async (t) => {
    const authorizer = await startAuthorizer(t, () => allow({subject: '42'}));
    const bridge = await startBridge(t, {config: asking(authorizer, {routes: [
      {path: '/notifications', topics: ['user/{subject}']},
    ]})});
    const stream = await openStream(t, bridge.url('/notifications'));
    await stream.next('connect');
    await publish(bridge, [tick(1, {topic: 'user/42'}), tick(2, {topic: 'user/43'}),
      tick(3, {topic: 'user/42'})]);
    assert.deepEqual(numbers(await stream.take(2)), [1, 3]);
    assert.deepEqual(authorizer.asked.items[0].topics, ['user/{subject}']);
  });

  it('ASubjectThatWouldChangeTheTopicIsRefused', async (t) => {
    const authorizer = await startAuthorizer(t, () => allow({subject: 'a/../b'}));
    const bridge = await startBridge(t, {config: asking(authorizer, {routes: [
      {path: '/notifications', topics: ['user/{subject}']},
    ]})});
    assert.equal((await request(bridge.url('/notifications'))).status, 403);
  });

  it('ChecksPublishingTheSameWay', async (t) => {
    const authorizer = await startAuthorizer(t, ({action, credential, topics}) => {
      if (action !== 'ACTION_PUBLISH') return allow();
      if (!credential) return {decision: 'DECISION_DENY_UNAUTHENTICATED', reason: 'no token'};
      return topics.includes('room/1') ? allow({subject: 'service'}) :
        {decision: 'DECISION_DENY_FORBIDDEN', reason: 'not yours', denied_topics: topics};
    });
    const bridge = await startBridge(t, {config: asking(authorizer, {
      publishing: {authorize: true}, access: {cache: {entries: 0}},
    })});
    const stream = await openStream(t, bridge.url('/v1/room/1'));
    await stream.next('connect');
    const credential = token('publisher');
    await assert.rejects(publish(bridge, [tick(1)]), {code: status.UNAUTHENTICATED});
    await assert.rejects(publish(bridge, [tick(2, {topic: 'room/2'})], {credential}),
        (error) => error.code === status.PERMISSION_DENIED && /room\/2/.test(error.details));
    await publish(bridge, [tick(3)], {credential});
    const relay = publishStream(t, bridge, {credential});
    await relay.send([tick(4, {topic: 'room/2'})]);
    await relay.send([tick(5)]);
    const answers = await relay.results.when((items) => items.length >= 2 && items, 'two answers');
    assert.deepEqual(answers.map(({status: answer}) => answer?.code ?? 0), [status.PERMISSION_DENIED, 0]);
    assert.deepEqual(numbers(await stream.take(2)), [3, 5]);
    authorizer.stop();
    await assert.rejects(publish(bridge, [tick(6)], {credential}), {code: status.UNAVAILABLE});
  });

  it('GuardsStatsAndAdmin', async (t) => {
    const authorizer = await startAuthorizer(t, ({action, credential}) => {
      if (!credential) return {decision: 'DECISION_DENY_UNAUTHENTICATED'};
      if (action === 'ACTION_SUBSCRIBE') return allow({subject: 'ada'});
      return credential.endsWith('operator') ? allow() : {decision: 'DECISION_DENY_FORBIDDEN'};
    });
    const bridge = await startBridge(t, {config: asking(authorizer, {http: {public_stats: true}})});
    const headers = (name) => ({authorization: `Bearer ${token(name)}`});
    assert.equal((await request(bridge.url('/v1/stats'))).status, 401);
    assert.equal((await request(bridge.url('/v1/stats'), {headers: headers('user')})).status, 403);
    assert.equal((await request(bridge.url('/v1/stats'), {headers: headers('operator')})).status, 200);
    await (await openStream(t, bridge.url('/v1/room/1'), {headers: headers('user')})).next('connect');
    const admin = client(t, bridge, 'Admin');
    await assert.rejects(call(admin, 'GetStats', {}), {code: status.UNAUTHENTICATED});
    await assert.rejects(call(admin, 'ListTopics', {}, {credential: token('user')}),
        {code: status.PERMISSION_DENIED});
    const as = {credential: token('operator')};
    const stats = await call(admin, 'GetStats', {}, as);
    assert.equal(stats.subscribers, '1');
    assert.deepEqual((await call(admin, 'ListTopics', {}, as)).topics,
        [{topic: 'room/1', subscribers: '1', subscribers_by_member: {}}]);
    const {subscribers} = await call(admin, 'ListSubscribers', {}, as);
    assert.deepEqual(subscribers.map(({subject, topics, transport}) => ({subject, topics, transport})),
        [{subject: 'ada', topics: ['room/1'], transport: 'http'}]);
    assert.ok(!JSON.stringify(subscribers).includes(SECRET));
  });

  it('BoundsTheStreamsOfAnAddressAndOfASubject', async (t) => {
    const authorizer = await startAuthorizer(t, () => allow({subject: 'ada'}));
    const bounds = [{sessions_per_address: 2}, {sessions_per_subject: 2}];
    for (const limits of bounds) {
      const bridge = await startBridge(t, {config: asking(authorizer, {limits})});
      const url = bridge.url(`/v1/room/1?token=${token('one')}`);
      const streams = [await openStream(t, url), await openStream(t, url)];
      for (const stream of streams) await stream.next('connect');
      const refused = await request(url);
      assert.equal(refused.status, 429);
      assert.match(refused.headers['retry-after'], /^\d+$/);
      const asEventSource = await request(url, {headers: likeEventSource});
      assert.equal(asEventSource.status, 200);
      assert.match(asEventSource.body, /^retry: \d+\n\n$/);
      streams[0].close();
      await eventually(async () => {
        const stream = await openStream(t, url);
        return stream.status === 200;
      }, 'its place is free again');
    }
  });

  it('BoundsItsOpenQuestions', async (t) => {
    const release = [];
    const authorizer = await startAuthorizer(t, () => new Promise((resolve) => release.push(resolve)));
    const bridge = await startBridge(t, {config: {
      authorizer: {grpc: {address: authorizer.address, deadline: '30s', calls_in_flight: 2}},
    }});
    const waiting = [1, 2].map((id) => openStream(t, bridge.url(`/v1/room/${id}`)));
    await eventually(() => release.length === 2, 'two questions are open');
    assert.equal((await request(bridge.url('/v1/room/3'))).status, 503);
    release.forEach((resolve) => resolve(allow()));
    for (const stream of await Promise.all(waiting)) assert.equal(stream.status, 200);
  });
});

describe('the example authorizer', () => {
  it('DecidesByItsFileOfTokensAndPatterns', async (t) => {
    const [ada, bob, service] = ['ada', 'bob', 'service'].map(token);
    const authorizer = await startExampleAuthorizer(t, {
      [ada]: {subject: 'ada', subscribe: ['room/*', 'user/{subject}'], attributes: {tenant: 'acme'}},
      [bob]: {subject: 'bob', subscribe: ['room/1'], event_types: ['tick'], expires_in: '2s'},
      [service]: {subject: 'service', publish: ['**'], stats: true, admin: true},
    });
    const bridge = await startBridge(t, {config: asking(authorizer, {
      publishing: {authorize: true}, access: {grace: '0s'}, http: {public_stats: true},
    })});
    const statusOf = async (target, credential) => {
      const answer = await openStream(t, bridge.url(`${target}?token=${credential}`));
      answer.close();
      return answer.status;
    };
    assert.equal(await statusOf('/v1/room/2', ''), 401);
    assert.equal(await statusOf('/v1/room/2', token('nobody')), 401);
    assert.equal(await statusOf('/v1/room/2', ada), 200);
    assert.equal(await statusOf('/v1/room/2', bob), 403);
    assert.equal(await statusOf('/v1/user/ada', ada), 200);
    assert.equal(await statusOf('/v1/user/bob', ada), 403);
    assert.equal(await statusOf('/v1/stats', service), 200);
    const [wide, narrow] = [ada, bob].map((credential) =>
      openStream(t, bridge.url(`/v1/room/1?token=${credential}`)));
    await (await wide).next('connect');
    await (await narrow).next('connect');
    const attributes = {tenant: 'acme'};
    await publish(bridge, [tick(1), tick(2, {attributes}), tick(3, {type: 'tock', attributes})],
        {credential: service});
    assert.deepEqual(numbers(await (await wide).take(2)), [2, 3]);
    assert.deepEqual(numbers(await (await narrow).take(2)), [1, 2]);
    await assert.rejects(publish(bridge, [tick(4)], {credential: ada}), {code: status.PERMISSION_DENIED});
    await call(client(t, bridge, 'Admin'), 'ListTopics', {}, {credential: service});
    // It is allowed anew, time and again, until nobody answers.
    await authorizer.stop('SIGKILL');
    await (await narrow).next('error');
  });
});
