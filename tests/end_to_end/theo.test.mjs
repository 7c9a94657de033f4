// An answer that many can join, and notifications: deploy/examples/theo.yaml does what the service it
// replaces documents, with the frames of that document.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import net from 'node:net';
import path from 'node:path';
import {after, before, describe} from 'node:test';
import {CLOSED, listen, openPage, startBrowser} from './browser.mjs';
import {call as callService, client, publish, status} from './grpc.mjs';
import {eventually, it, repository, scope, startBridge, startExampleAuthorizer, token, within} from './harness.mjs';
import {privateBytes} from './measure.mjs';
import {openStream, request} from './sse.mjs';
import {begin, examples, fail, pack, startBackend, startExampleBackend, withoutIds} from './typed.mjs';

const configFile = path.join(examples, 'theo.yaml');
const message = pack('theo');
const [ada, bob, operator] = ['ada', 'bob', 'operator'].map(token);
// As the browser of a page of the bridge's own host sends it.
const cookie = (session) => ({
  headers: {'cookie': `theme=dark; session=${session}`, 'sec-fetch-site': 'same-origin'},
});
const chat = (id) => `/api/chat/conversations/${id}/stream`;
const notifications = '/api/notifications/stream';

const flow = [
  {typing: {is_typing: true}},
  {chunk: {content: 'Hello, '}},
  {chunk: {content: 'how can I help?'}},
  {message: {id: 'msg-123', role: 'assistant', content: 'Hello, how can I help?'}},
  {done: {}},
];
const flowFrames =
    'event: typing\ndata: {"isTyping":true}\n\n' +
    'event: chunk\ndata: {"content":"Hello, "}\n\n' +
    'event: chunk\ndata: {"content":"how can I help?"}\n\n' +
    'event: message\ndata: {"id":"msg-123","role":"assistant","content":"Hello, how can I help?"}\n\n' +
    'event: done\ndata: {}\n\n';
const chunk = (content) => ({chunk: {content}});
const contents = (stream) => stream.events.items
    .filter(({event}) => event === 'chunk').map(({data}) => JSON.parse(data).content);

describe('theo', () => {
  const shared = scope();
  let authorizer;
  let backend;
  let bridge;
  let calls = 0;
  const startTheo = (t, chatBackend, env = {}) => startBridge(t, {configFile, env: {
    AUTHORIZER: authorizer.address, BACKEND: chatBackend.address, ...env,
  }});
  // The response's head waits for the backend's first word, so both are begun at once.
  const ask = async (t, id, firstEvents = [], options = {}) => {
    const opening = openStream(t, bridge.url(chat(id)), {...cookie(ada), ...options});
    const call = await backend.called(calls += 1);
    begin(call);
    for (const event of firstEvents) call.write(event);
    return [call, await opening];
  };
  const join = (t, id, options = {}) => openStream(t, bridge.url(chat(id)), {...cookie(ada), ...options});
  before(async () => {
    authorizer = await startExampleAuthorizer(shared, {
      [ada]: {subject: '42', subscribe: ['conversation/*', 'user:{subject}']},
      [bob]: {subject: '43', subscribe: ['conversation/b', 'user:{subject}']},
      [operator]: {subject: 'operator', stats: true, admin: true},
    });
    backend = await startBackend(shared, 'theo', 'theo.v1.Chat', 'Stream');
    bridge = await startTheo(shared, backend);
  });
  after(() => shared.end());

  it('SendsTheFlowOfTheDocumentAndCloses', async (t) => {
    const [call, stream] = await ask(t, 'flow', flow);
    assert.equal(call.request.id, 'flow');
    assert.deepEqual(call.metadata.get('sluice-subject'), ['42']);
    assert.deepEqual(await stream.ended(), {clean: true});
    call.end();
    assert.equal(withoutIds(stream.text), flowFrames);
    assert.ok(stream.events.items.every(({id}) => id), 'every event can be resumed from');
  });

  it('SendsWhatIsFalseZeroOrEmptyAsSuch', async (t) => {
    const [call, stream] = await ask(t, 'zero', [
      {typing: {is_typing: false}}, {progress: {percent: 0}}, chunk(''), {progress: {percent: 50}}]);
    await stream.take(4);
    assert.equal(withoutIds(stream.text),
        'event: typing\ndata: {"isTyping":false}\n\n' +
        'event: progress\ndata: {"percent":0}\n\n' +
        'event: chunk\ndata: {"content":""}\n\n' +
        'event: progress\ndata: {"percent":50}\n\n');
    call.end();
  });

  it('TellsAnErrorAndCloses', async (t) => {
    const [call, stream] = await ask(t, 'error', [
      chunk('a'), {error: {code: 'PROCESSING_ERROR', message: 'the model is away'}}]);
    assert.deepEqual(await stream.ended(), {clean: true});
    call.end();
    assert.equal(withoutIds(stream.text), 'event: chunk\ndata: {"content":"a"}\n\n' +
        'event: error\ndata: {"code":"PROCESSING_ERROR","message":"the model is away"}\n\n');
  });

  it('TellsThatTheBackendFailedAndCloses', async (t) => {
    const [call, stream] = await ask(t, 'failing', [chunk('a')]);
    await stream.next('chunk');
    fail(call, status.INTERNAL, 'gone');
    assert.deepEqual(await stream.ended(), {clean: true});
    assert.equal(withoutIds(stream.text), 'event: chunk\ndata: {"content":"a"}\n\n' +
        'event: error\ndata: {"code":"INTERNAL","message":"gone"}\n\n');
  });

  it('AnswersWithAStatusWhenTheBackendFailsBeforeItsFirstWord', async () => {
    const answering = request(bridge.url(chat('unknown')), cookie(ada));
    fail(await backend.called(calls += 1), status.NOT_FOUND, 'no such conversation');
    const {status: answered, body} = await answering;
    assert.equal(answered, 404);
    assert.match(body, /no such conversation/);
  });

  it('LetsLaterReadersJoinTheCallOfTheFirstAndGivesEachTheWholeAnswer', async (t) => {
    const [call, first] = await ask(t, 'joined', [chunk('a'), chunk('b')]);
    await first.take(2);
    const second = await join(t, 'joined');
    assert.deepEqual((await second.take(2)).map(({data}) => data),
        ['{"content":"a"}', '{"content":"b"}']);
    call.write(chunk('c'));
    call.write({done: {}});
    for (const reader of [first, second]) {
      await reader.ended();
      assert.deepEqual(contents(reader), ['a', 'b', 'c']);
      assert.equal(reader.events.items.at(-1).event, 'done');
    }
    call.end();
    assert.equal(backend.calls.items.length, calls, 'there was one call');
  });

  it('ResumesAfterTheLastEventIdAndGoesOnWithTheSameCall', async (t) => {
    const [call, first] = await ask(t, 'resumed', [chunk('a'), chunk('b')]);
    const [, {id}] = await first.take(2);
    first.close();
    call.write(chunk('c'));
    const back = await join(t, 'resumed', {lastEventId: id});
    call.write(chunk('d'));
    await back.take(2);
    assert.deepEqual(contents(back), ['c', 'd']);
    assert.equal(call.cancelled, false);
    call.write({done: {}});
    await back.ended();
    call.end();
    assert.equal(backend.calls.items.length, calls);
  });

  it('AnswersAnewInTheSameConversationAndKeepsWhoeverHasSeenTheEndAway', async (t) => {
    const [call, first] = await ask(t, 'again', [chunk('one'), {done: {}}]);
    await first.ended();
    call.end();
    const {id} = first.events.items.at(-1);
    const returning = await request(bridge.url(chat('again')),
        {headers: {...cookie(ada).headers, 'last-event-id': id}});
    assert.equal(returning.status, 204);
    const [secondCall, second] = await ask(t, 'again', [chunk('two'), {done: {}}]);
    await second.ended();
    secondCall.end();
    assert.deepEqual(contents(second), ['two']);
  });

  it('CancelsTheCallWhenEverybodyHasLeft', async (t) => {
    const [call, first] = await ask(t, 'left', [chunk('a')]);
    const second = await join(t, 'left');
    await second.take(1);
    first.close();
    second.close();
    await within(20_000, call.left, 'the call is cancelled');
  });

  it('SendsTheHeadersOfTheDocument', async (t) => {
    const [call, answer] = await ask(t, 'headers');
    for (const stream of [answer, await openStream(t, bridge.url(notifications), cookie(ada))]) {
      assert.equal(stream.status, 200);
      assert.equal(stream.headers['content-type'], 'text/event-stream');
      assert.equal(stream.headers['cache-control'], 'no-cache, no-transform');
      assert.equal(stream.headers.connection, 'keep-alive');
      assert.equal(stream.headers['x-accel-buffering'], 'no');
    }
    call.end();
  });

  it('NeedsASessionBeforeAnyStream', async () => {
    const headers = {accept: 'text/event-stream', 'cache-control': 'no-cache'};
    for (const target of [chat('1'), notifications]) {
      const statusOf = async (more, query = '') =>
        (await request(bridge.url(target + query), {headers: {...headers, ...more}})).status;
      assert.equal(await statusOf({}), 401);
      assert.equal(await statusOf(cookie(token('unknown')).headers), 401);
      assert.equal(await statusOf({}, `?token=${ada}`), 401, 'a cookie, not a parameter');
    }
    assert.equal((await request(bridge.url(chat('1')), cookie(bob))).status, 403);
    assert.equal(backend.calls.items.length, calls, 'the backend was not called');
  });

  it('BroadcastsToEveryConnectionOfAUserAndToNobodyElse', async (t) => {
    const open = (session) => openStream(t, bridge.url(notifications), cookie(session));
    const [one, two, other] = [await open(ada), await open(ada), await open(bob)];
    await publish(bridge, [
      {topic: 'user:42', message: message('theo.v1.Notification', {message: 'New message received'})},
      {topic: 'user:43', message: message('theo.v1.Notification', {message: 'for bob'})},
    ]);
    for (const stream of [one, two]) {
      await stream.next('notification');
      assert.equal(withoutIds(stream.text), 'event: notification\ndata: {"message":"New message received"}\n\n');
    }
    assert.equal((await other.next('notification')).data, '{"message":"for bob"}');
    assert.equal(other.events.items.length, 1);
  });

  it('CountsTheConnectionsOfAKeyAndListsTheKeys', async (t) => {
    const admin = client(t, bridge, 'Admin');
    const keys = async () => (await callService(admin, 'ListTopics', {prefix: 'user:'}, {credential: operator}))
        .topics.map(({topic, subscribers}) => [topic, Number(subscribers)]);
    const is = (wanted) => async () => JSON.stringify(await keys()) === JSON.stringify(wanted);
    await eventually(is([]), 'nobody of the tests before is left');
    const open = (session) => openStream(t, bridge.url(notifications), cookie(session));
    const [one] = [await open(ada), await open(ada), await open(bob)];
    await eventually(is([['user:42', 2], ['user:43', 1]]), 'three connections of two users');
    one.close();
    await eventually(async () => (await keys()).every(([, count]) => count === 1), 'one has left');
  });

  it('SendsPublishersIdsRetriesAndEventsWithoutATypeAsTheDocumentHasThem', async (t) => {
    const stream = await openStream(t, bridge.url(notifications), cookie(ada));
    const topic = 'user:42';
    await publish(bridge, [
      {topic, id: '1', type: 'message', message: message('theo.v1.Chunk', {content: 'Hello, world!'})},
      {topic, type: 'done', json: {}},
      {topic, json: {status: 'processing'}},
      {topic, message: message('theo.v1.Progress', {percent: 50})},
      {topic, id: 'msg-1', type: 'chunk', json: {text: 'Hello'}},
      {topic, retry: {seconds: 3}},
      {topic, id: 'all', type: 'chunk', json: {}, retry: {nanos: 500_000_000}},
    ]);
    await stream.take(6);
    const frames = 'event: message\nid: 1\ndata: {"content":"Hello, world!"}\n\n' +
        'event: done\ndata: {}\n\n' +
        'data: {"status":"processing"}\n\n' +
        'event: progress\ndata: {"percent":50}\n\n' +
        'event: chunk\nid: msg-1\ndata: {"text":"Hello"}\n\n' +
        'retry: 3000\n\n' +
        'event: chunk\nid: all\nretry: 500\ndata: {}\n\n';
    // What came without an id of its own has the log's, so that it can be resumed from too.
    assert.equal(stream.text.slice(stream.text.indexOf('event: message'))
        .replace(/^id: [0-9a-f]{16}-\d+\n/gm, ''), frames);
    assert.deepEqual(stream.retries, [3000, 500]);
  });

  it('ResumesAfterAPublishersId', async (t) => {
    const topic = 'user:42';
    const event = (id) => ({topic, id, type: 'chunk', json: {id}});
    await publish(bridge, [event('msg-10'), event('msg-11'), event('msg-12')]);
    const back = await openStream(t, bridge.url(notifications), {...cookie(ada), lastEventId: 'msg-10'});
    await publish(bridge, [event('msg-13')]);
    assert.deepEqual((await back.take(3)).map(({id}) => id), ['msg-11', 'msg-12', 'msg-13']);
  });

  it('SendsAHeartbeatEvent', async (t) => {
    const beating = await startTheo(t, backend, {HEARTBEAT_INTERVAL: '100ms'});
    const stream = await openStream(t, beating.url(notifications), cookie(ada));
    for (let n = 0; n < 3; n += 1) assert.equal((await stream.next('heartbeat')).data, '{}');
    assert.match(withoutIds(stream.text), /^(event: heartbeat\ndata: \{\}\n\n){3}/);
  });

  it('SendsAHeartbeatEventEvery30SecondsUnlessToldOtherwise', async (t) => {
    const stream = await openStream(t, bridge.url(notifications), cookie(bob));
    const began = Date.now();
    await stream.next('heartbeat', 45_000);
    // Streams beat in turn, not all at once: the first is up to an interval and a part of it away.
    assert.ok(Date.now() - began > 10_000, `${Date.now() - began} ms`);
    const second = Date.now();
    await stream.next('heartbeat', 45_000);
    assert.ok(Math.abs(Date.now() - second - 30_000) < 3_000, `${Date.now() - second} ms`);
  });

  it('AClientThatCannotKeepUpGrowsNothingAndHoldsUpNobody', async (t) => {
    const bounded = await startTheo(t, backend, {SLUICE_EVENT_LOG_MEMORY_EVENTS_PER_TOPIC: '200'});
    const stalled = net.connect(bounded.httpPort, '127.0.0.1').pause();
    t.after(() => stalled.destroy());
    await once(stalled, 'connect');
    stalled.write(`GET ${notifications} HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nCookie: session=${ada}\r\n\r\n`);
    const reader = await openStream(t, bounded.url(notifications), cookie(ada));
    const admin = client(t, bounded, 'Admin');
    await eventually(async () => (await callService(admin, 'ListTopics', {}, {credential: operator}))
        .topics[0]?.subscribers === '2', 'both are connected');
    const text = 'x'.repeat(8_000);
    const send = async (from, count) => {
      await publish(bounded, Array.from({length: count}, (_, n) => ({topic: 'user:42',
        message: message('theo.v1.Notification', {message: `${from + n}.${text}`})})));
      await reader.take(count);
    };
    await send(0, 100);
    const before = privateBytes(bounded.pid);
    for (let sent = 100; sent < 8_000; sent += 100) await send(sent, 100);  // 64 MB
    const growth = privateBytes(bounded.pid) - before;
    console.log(`a client that does not keep up: ${(growth / 2 ** 20).toFixed(1)} MiB more`);
    assert.ok(growth < 16 * 2 ** 20, `${growth} bytes`);
    assert.equal(stalled.destroyed, false);
    assert.deepEqual(reader.events.items.map(({data}) => parseInt(data.slice(12), 10)),
        Array.from({length: 8_000}, (_, n) => n));
  });

  it('AChromiumPageSendsItsSessionCookieAndIsToldToStayAwayAfterTheEnd', async (t) => {
    const browser = await startBrowser(t);
    const {page, origin} = await openPage(t, browser, {cookie: `session=${ada}`});
    const own = await startTheo(t, backend, {CORS_ORIGINS: origin});
    const types = ['typing', 'chunk', 'done', 'notification'];
    const opening = listen(t, page, own.url(chat('page')), {types, withCredentials: true});
    const call = await backend.called(calls += 1);
    for (const event of flow) call.write(event);
    call.end();
    const {events, received} = await opening;
    await received('done', 1);
    assert.deepEqual(events.items.filter(({type}) => type !== 'open' && type !== 'error')
        .map(({type, data}) => `event: ${type}\ndata: ${data}\n\n`).join(''), flowFrames);
    await events.when((items) => items.some(({type, state}) => type === 'error' && state === CLOSED),
        'it is told to stay away', 20_000);
    const told = await listen(t, page, own.url(notifications), {types, withCredentials: true});
    await told.events.when((items) => items.some(({type}) => type === 'open'), 'the stream is open');
    await publish(own, [{topic: 'user:42', message: message('theo.v1.Notification', {message: 'hi'})}]);
    assert.equal((await told.received('notification', 1))[0].data, '{"message":"hi"}');
  });

  it('RelaysTheNodeBackend', async (t) => {
    const node = await startExampleBackend(t, process.execPath, 'theo/backend.js', {env: {
      LISTEN: '127.0.0.1:0', PAUSE_MS: '10',
      NODE_PATH: path.join(repository, 'tests/end_to_end/node_modules'),
    }});
    const own = await startTheo(t, node);
    for (let time = 0; time < 2; time += 1) {
      const stream = await openStream(t, own.url(chat('123')), cookie(ada));
      await stream.ended();
      assert.equal(withoutIds(stream.text),
          'event: typing\ndata: {"isTyping":true}\n\n' +
          'event: progress\ndata: {"percent":0}\n\n' +
          'event: chunk\ndata: {"content":"Hello, "}\n\n' +
          'event: progress\ndata: {"percent":50}\n\n' +
          'event: chunk\ndata: {"content":"how can I help?"}\n\n' +
          'event: progress\ndata: {"percent":100}\n\n' +
          'event: typing\ndata: {"isTyping":false}\n\n' +
          'event: message\n' +
          'data: {"id":"msg-123","role":"assistant","content":"Hello, how can I help?"}\n\n' +
          'event: done\ndata: {}\n\n');
    }
  });
});
