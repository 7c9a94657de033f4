// An answer computed for each request: deploy/examples/multi-agent.yaml does what the guide it replaces
// documents, with the frames of that guide. (multi_agent_clients.test.mjs has its clients, in Chromium.)
import assert from 'node:assert/strict';
import path from 'node:path';
import {after, before, describe} from 'node:test';
import {status} from './grpc.mjs';
import {it, scope, startBridge, within} from './harness.mjs';
import {privateBytes, settled} from './measure.mjs';
import {RawStream} from './raw_stream.mjs';
import {openStream, request} from './sse.mjs';
import {examples, fail, startBackend, startPythonBackend, withoutIds} from './typed.mjs';

const configFile = path.join(examples, 'multi-agent.yaml');
const startAnalyst = (t, answer) =>
  startBackend(t, 'multi-agent', 'multi_agent.v1.HealthAnalyst', 'ProcessQuery', answer);
const startMultiAgent = (t, backend, env = {}) =>
  startBridge(t, {configFile, env: {BACKEND: backend.address, ...env}});

const timestamp = {seconds: Date.parse('2026-01-02T03:04:05Z') / 1000};
const text = (content) => ({text: {content, timestamp}});
const updates = [
  text('Hello,\n"you"'),
  {tool_call: {tool: 'query_lab', arguments: {fields: [
    {key: 'metric', value: {string_value: 'pulse'}}, {key: 'months', value: {number_value: 6}},
  ]}, timestamp}},
  {specialist_update: {specialist: 'cardiology', status: 'started', timestamp}},
  text(''),
];
const messageFrames =
    'event: message\n' +
    'data: {"type":"text","content":"Hello,\\n\\"you\\"","timestamp":"2026-01-02T03:04:05Z"}\n\n' +
    'event: message\n' +
    'data: {"type":"tool_call","tool":"query_lab","arguments":{"metric":"pulse","months":6},' +
    '"timestamp":"2026-01-02T03:04:05Z"}\n\n' +
    'event: message\n' +
    'data: {"type":"specialist_update","specialist":"cardiology","status":"started",' +
    '"timestamp":"2026-01-02T03:04:05Z"}\n\n' +
    'event: message\n' +
    'data: {"type":"text","content":"","timestamp":"2026-01-02T03:04:05Z"}\n\n';
const connected = 'event: connected\ndata: {"status":"connected"}\n\n';
const done = 'event: done\ndata: {"status":"complete"}\n\n';
const errorFrame = (message) => `event: error\ndata: {"error":"${message}"}\n\n`;

const target = (message) => `/api/chat/stream?message=${encodeURIComponent(message)}`;
const posted = (body) => ({
  method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(body),
});

describe('multi-agent', () => {
  const shared = scope();
  let backend;
  let bridge;
  let calls = 0;
  // The call that `begin` has led to, and what `begin` answers.
  const calling = async (begin) => {
    const answer = begin();
    const call = await backend.called(calls += 1);
    return [call, await answer];
  };
  const get = (t, message, options) =>
    calling(() => openStream(t, bridge.url(target(message)), options));
  before(async () => {
    backend = await startAnalyst(shared);
    bridge = await startMultiAgent(shared, backend);
  });
  after(() => shared.end());

  it('SendsTheFramesOfTheDocument', async (t) => {
    const [call, stream] = await get(t, 'test');
    for (const update of updates) call.write(update);
    call.end();
    assert.deepEqual(await stream.ended(), {clean: true});
    assert.equal(withoutIds(stream.text), connected + messageFrames + done);
  });

  it('SendsNothingButMessagesToTheFetchClient', async (t) => {
    const [call, stream] = await calling(() => {
      const opening = openStream(t, bridge.url('/api/chat/message'), posted({message: 'test'}));
      backend.called(calls + 1).then((made) => made.write(updates[0]));
      return opening;
    });
    assert.equal(stream.status, 200);
    for (const update of updates.slice(1)) call.write(update);
    call.end();
    assert.deepEqual(await stream.ended(), {clean: true});
    assert.equal(withoutIds(stream.text), messageFrames);
  });

  it('CallsTheBackendWithTheMessage', async (t) => {
    for (const message of ['a&b=c d+e%', 'Wie geht’s, 😀?', 'two\nlines']) {
      const [call, stream] = await get(t, message);
      assert.equal(call.request.message, message);
      stream.close();
      const [postedCall, answer] = await calling(() => {
        backend.called(calls + 1).then((made) => made.end());
        return request(bridge.url('/api/chat/message'), posted({message}));
      });
      assert.equal(postedCall.request.message, message);
      assert.equal(answer.status, 200);
    }
  });

  it('RefusesABodyThatIsNotAMessageAndSaysWhy', async () => {
    const refused = async (body, type = 'application/json') => request(bridge.url('/api/chat/message'),
        {method: 'POST', headers: {'content-type': type}, body});
    for (const body of ['{', '[]', '"text"']) assert.equal((await refused(body)).status, 400, body);
    const unknown = await refused('{"message":"a","masage":"b"}');
    assert.equal(unknown.status, 400);
    assert.match(unknown.body, /masage/);
    const wrong = await refused('{"message":["a"]}');
    assert.equal(wrong.status, 400);
    assert.match(wrong.body, /message/);
    const large = await refused(JSON.stringify({message: 'x'.repeat(1_000_000)}));
    assert.equal(large.status, 413);
    assert.equal(backend.calls.items.length, calls, 'the backend was not called');
  });

  it('HasOneMethodForEachOfItsRoutes', async () => {
    const wrong = await request(bridge.url('/api/chat/message'));
    assert.equal(wrong.status, 405);
    assert.match(wrong.headers.allow, /POST/);
    const other = await request(bridge.url(target('x')), posted({message: 'x'}));
    assert.equal(other.status, 405);
    assert.match(other.headers.allow, /GET/);
  });

  it('FlushesEachUpdateAsItComes', async (t) => {
    const [call, stream] = await get(t, 'slow');
    await stream.next('connected');
    for (let n = 0; n < 5; n += 1) {
      call.write(text(`${n}`));
      assert.equal(JSON.parse((await stream.next('message')).data).content, `${n}`);
    }
    call.end();
    await stream.next('done');
  });

  it('SendsTheHeadersOfTheDocument', async (t) => {
    const [, stream] = await get(t, 'headers');
    assert.equal(stream.status, 200);
    assert.equal(stream.headers['content-type'], 'text/event-stream');
    assert.match(stream.headers['cache-control'], /\bno-cache\b/);
    assert.equal(stream.headers['x-accel-buffering'], 'no');
    assert.equal(stream.headers.connection, 'keep-alive');
    stream.close();
  });

  it('AllowsTheOriginsMethodsAndHeadersOfTheDocument', async () => {
    const origin = 'http://localhost:5173';
    const preflight = async (from) => (await request(bridge.url('/api/chat/message'), {
      method: 'OPTIONS',
      headers: {
        origin: from, 'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-anything',
      },
    })).headers;
    const allowed = await preflight(origin);
    assert.equal(allowed['access-control-allow-origin'], origin);
    assert.match(allowed['access-control-allow-methods'], /\bPOST\b/);
    assert.equal(allowed['access-control-allow-headers'], '*');
    assert.equal((await preflight('http://localhost:9999'))['access-control-allow-origin'], undefined);
    const {headers} = await request(bridge.url('/api/chat/message'),
        {method: 'POST', headers: {origin, 'content-type': 'application/json'}, body: '{'});
    assert.equal(headers['access-control-allow-origin'], origin);
    assert.equal(headers['access-control-expose-headers'], '*');
  });

  it('TakesItsOriginsFromTheEnvironment', async (t) => {
    const own = await startMultiAgent(t, backend,
        {CORS_ORIGINS: 'https://one.example,https://two.example', LOG_LEVEL: 'DEBUG'});
    const ask = async (origin) => (await request(own.url('/api/chat/message'),
        {method: 'OPTIONS', headers: {origin, 'access-control-request-method': 'POST'}}))
        .headers['access-control-allow-origin'];
    assert.equal(await ask('https://one.example'), 'https://one.example');
    assert.equal(await ask('https://two.example'), 'https://two.example');
    assert.equal(await ask('http://localhost:5173'), undefined);
  });

  it('TellsAFailureOfTheBackendAndEnds', async (t) => {
    const [call, stream] = await get(t, 'failing');
    call.write(updates[3]);
    fail(call, status.INTERNAL, 'the "model" is away');
    assert.deepEqual(await stream.ended(), {clean: true});
    assert.equal(withoutIds(stream.text), connected +
        'event: message\ndata: {"type":"text","content":"","timestamp":"2026-01-02T03:04:05Z"}\n\n' +
        errorFrame('the \\"model\\" is away'));
  });

  it('TellsAFailureBeforeTheFirstUpdateAsAnEventWhereThereIsAConnectedEvent', async (t) => {
    const [call, stream] = await get(t, 'failing');
    fail(call, status.INVALID_ARGUMENT, 'ask something');
    await stream.ended();
    assert.equal(withoutIds(stream.text), connected + errorFrame('ask something'));
  });

  it('TellsTheFetchClientOfAFailureByStatusOrInTheMiddleByAnEvent', async (t) => {
    const [, refused] = await calling(() => {
      backend.called(calls + 1).then((made) => fail(made, status.RESOURCE_EXHAUSTED, 'too many questions'));
      return request(bridge.url('/api/chat/message'), posted({message: 'x'}));
    });
    assert.equal(refused.status, 429);
    const [call, stream] = await calling(() => {
      backend.called(calls + 1).then((made) => made.write(updates[3]));
      return openStream(t, bridge.url('/api/chat/message'), posted({message: 'x'}));
    });
    await stream.next('message');
    fail(call, status.INTERNAL, 'gone');
    await stream.ended();
    assert.equal(withoutIds(stream.text),
        'event: message\ndata: {"type":"text","content":"","timestamp":"2026-01-02T03:04:05Z"}\n\n' +
        errorFrame('gone'));
  });

  it('SaysThatTheBackendIsAway', async (t) => {
    const away = await startAnalyst(t);
    away.stop();
    const own = await startMultiAgent(t, away);
    const stream = await openStream(t, own.url(target('x')));
    await stream.ended();
    assert.match(withoutIds(stream.text),
        /^event: connected\ndata: .*\n\nevent: error\ndata: \{"error":".+"\}\n\n$/);
    const {status: answered} = await request(own.url('/api/chat/message'), posted({message: 'x'}));
    assert.equal(answered, 503);
  });

  it('TellsAnEventSourceThatComesBackAfterTheEndToStayAway', async (t) => {
    for (const [type, finish] of [
      ['done', (call) => call.end()], ['error', (call) => fail(call, status.INTERNAL, 'x')]]) {
      const [call, stream] = await get(t, 'once');
      finish(call);
      const {id} = await stream.next(type);
      await stream.ended();
      const again = await request(bridge.url(target('once')), {headers: {'last-event-id': id}});
      assert.equal(again.status, 204, type);
    }
    assert.equal(backend.calls.items.length, calls, 'the backend was not called again');
  });

  it('AnswersAnewWhoeverComesBackInTheMiddle', async (t) => {
    const [call, stream] = await get(t, 'again');
    call.write(text('a'));
    const {id} = await stream.next('message');
    stream.close();
    const [second, anew] = await get(t, 'again', {lastEventId: id});
    second.write(text('a'));
    second.end();
    await anew.ended();
    assert.deepEqual(anew.events.items.map(({event}) => event), ['connected', 'message', 'done']);
  });

  it('CancelsTheBackendsCallAtOnceWhenTheClientLeaves', async (t) => {
    const [call, stream] = await get(t, 'leaving');
    call.write(text('a'));
    await stream.next('message');
    stream.close();
    await within(1_000, call.left, 'the call is cancelled');
    const [second, fetched] = await calling(() => {
      backend.called(calls + 1).then((made) => made.write(text('a')));
      return openStream(t, bridge.url('/api/chat/message'), posted({message: 'leaving'}));
    });
    fetched.close();
    await within(1_000, second.left, 'the call is cancelled');
  });

  it('SlowsTheBackendDownForASlowReaderAndGrowsNothing', async (t) => {
    const [updatesInAll, bytes] = [8_000, 8_000];  // 64 MB
    let written = 0;
    const raw = new RawStream({port: bridge.httpPort, target: target('flood'), onEvent({event, data}) {
      if (event !== 'message') return;
      if (!data.startsWith(`{"type":"text","content":"${received}.`)) faults += 1;
      received += 1;
    }});
    let [received, faults] = [0, 0];
    t.after(() => raw.drop());
    raw.socket.pause();
    const call = await backend.called(calls += 1);
    const before = privateBytes(bridge.pid);
    (async () => {
      for (; written < updatesInAll && !call.cancelled; written += 1) {
        if (!call.write(text(`${written}.${'x'.repeat(bytes)}`))) {
          await new Promise((resolve) => call.once('drain', resolve));
        }
      }
      call.end();
    })();
    await settled(() => written, 'the backend is slowed down');
    assert.ok(written < updatesInAll / 2, `${written} updates were written`);
    const growth = privateBytes(bridge.pid) - before;
    console.log(`a reader that does not read: ${written} updates were taken from the backend, ` +
        `${(growth / 2 ** 20).toFixed(1)} MiB more`);
    assert.ok(growth < 8 * 2 ** 20, `${growth} bytes`);
    raw.socket.resume();
    await within(60_000, raw.closed, () => `the whole answer; ${received} came`);
    assert.equal(raw.complete, true);
    assert.deepEqual([received, faults], [updatesInAll, 0]);
  });

  it('RelaysManyAnswersAtOnceEachInOrderAndComplete', async (t) => {
    const own = await startAnalyst(t, async (call) => {
      for (let n = 0; n < 50; n += 1) {
        call.write(text(`${call.request.message}/${n}`));
        await new Promise(setImmediate);
      }
      call.end();
    });
    const busy = await startMultiAgent(t, own);
    const answers = await Promise.all(Array.from({length: 100}, async (_, n) => {
      const {body} = await request(busy.url(target(`q${n}`)), {ms: 60_000});
      return [...body.matchAll(/"content":"([^"]*)"/g)].map(([, content]) => content);
    }));
    answers.forEach((contents, n) => assert.deepEqual(
        contents, Array.from({length: 50}, (_, i) => `q${n}/${i}`)));
  });

  it('RelaysThePythonBackend', async (t) => {
    const python = await startPythonBackend(t, 'multi-agent/backend.py', ['--pause', '0.01']);
    const own = await startMultiAgent(t, python);
    const stream = await openStream(t, own.url(target('sleep')));
    await stream.ended();
    const [first, ...rest] = stream.events.items;
    assert.equal(first.event, 'connected');
    assert.equal(rest.pop().event, 'done');
    const kinds = rest.map(({data}) => JSON.parse(data));
    assert.deepEqual(kinds.slice(0, 4).map(({type}) => type),
        ['specialist_update', 'tool_call', 'specialist_update', 'text']);
    assert.deepEqual(kinds[1].arguments, {metric: 'sleep', months: 6});
    assert.equal(kinds.map(({content}) => content ?? '').join(''),
        'You asked about sleep: all values are in range. ');
    for (const kind of kinds) {
      assert.deepEqual(Object.keys(kind), {
        text: ['type', 'content', 'timestamp'],
        tool_call: ['type', 'tool', 'arguments', 'timestamp'],
        specialist_update: ['type', 'specialist', 'status', 'timestamp'],
      }[kind.type]);
    }
    const {body} = await request(own.url('/api/chat/message'), posted({message: 'sleep'}));
    assert.equal(body.match(/^event: message$/gm).length, rest.length);
    assert.equal(body.match(/^event: (?!message$)/gm), null);
    const refused = await request(own.url('/api/chat/message'), posted({}));
    assert.equal(refused.status, 400);
  });
});
