// What HTTP clients see of the bridge: curl, HTTP/1.0, HEAD, pipelines, nonsense, CORS, problem JSON.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import net from 'node:net';
import {after, before, describe} from 'node:test';
import {eventually, it, run, scope, start, startBridge, within} from './harness.mjs';
import {publish} from './grpc.mjs';
import {exchange, statusOf} from './raw_http.mjs';
import {openStream, request} from './sse.mjs';

describe('HTTP', () => {
  const shared = scope();
  let bridge;
  before(async () => {
    bridge = await startBridge(shared, {config: {
      authorizer: {none: {}},
      http: {public_stats: true, cors: {
        origins: ['https://app.example'], credentials: true, exposed_headers: ['X-Request-Id'],
      }},
    }});
  });
  after(() => shared.end());

  it('CurlGetsTheHeadersAtOnceAndThenTheEvents', async (t) => {
    const curl = start(t, 'curl', ['-sNi', bridge.url('/v1/conversation/curl')]);
    await curl.output.when((lines) => lines.includes('\r') || lines.includes(''), 'the head');
    const head = curl.output.items.join('\n').toLowerCase();
    assert.match(head, /^http\/1\.1 200 /);
    assert.match(head, /content-type: text\/event-stream/);
    assert.match(head, /cache-control: no-cache, no-transform/);
    assert.match(head, /connection: keep-alive/);
    assert.match(head, /x-accel-buffering: no/);
    const [id] = await publish(bridge, [
      {topic: 'conversation/curl', type: 'message_received', json: {text: 'hello'}}]);
    await curl.output.when((lines) => lines.includes('data: {"text":"hello"}'), 'the event');
    const lines = curl.output.items;
    assert.deepEqual(lines.slice(lines.indexOf('event: message_received'), -1),
        ['event: message_received', `id: ${id}`, 'data: {"text":"hello"}']);
  });

  it('Http10GetsTheStreamWithoutChunks', async (t) => {
    const wanted = 'data: {"n":1}\n\n';
    const reply = exchange(t, bridge.httpPort,
        'GET /v1/conversation/ten HTTP/1.0\r\nHost: x\r\n\r\n', (text) => text.includes(wanted));
    await eventually(async () => (await subscribers(bridge)).by_topic['conversation/ten'], 'the subscription');
    await publish(bridge, [{topic: 'conversation/ten', type: 'tick', json: {n: 1}}]);
    const text = await reply;
    assert.equal(statusOf(text), 200);
    assert.doesNotMatch(text, /transfer-encoding/i);
    assert.match(text, /connection: close/i);
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    assert.match(body, /^event: connect\nid: \S+\ndata: .*\n\nevent: tick\nid: \S+\ndata: \{"n":1\}\n\n$/);
  });

  it('HeadAnswersAsGetWouldWithoutABody', async (t) => {
    const text = await exchange(t, bridge.httpPort,
        'HEAD /v1/conversation/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.equal(statusOf(text), 200);
    assert.match(text, /content-type: text\/event-stream/i);
    assert.equal(text.slice(text.indexOf('\r\n\r\n') + 4), '');
  });

  const problems = [
    ['an unknown path', 404, '/nowhere', {}],
    ['a method that is not there', 405, '/v1/conversation/1', {method: 'DELETE'}],
    ['a client that does not take event streams', 406, '/v1/conversation/1',
      {headers: {accept: 'application/pdf'}}],
    ['no topic at all', 400, '/v1/events', {}],
    ['a topic that cannot be', 400, '/v1/events?topic=a%0Ab', {}],
    ['a slash inside of a capture', 400, '/v1/conversation/a%2Fb', {}],
    ['a control character inside of a capture', 400, '/v1/conversation/a%00b', {}],
    ['a target past its bound', 414, `/v1/conversation/${'x'.repeat(9000)}`, {}],
    ['a header past its bound', 431, '/v1/conversation/1', {headers: {'x-long': 'x'.repeat(20_000)}}],
  ];
  for (const [what, status, target, options] of problems) {
    it(`AnswersProblemJson${status}To: ${what}`, async () => {
      const answer = await request(bridge.url(target), options);
      assert.equal(answer.status, status, answer.body);
      assert.match(answer.headers['content-type'], /^application\/problem\+json/);
      assert.equal(answer.json().status, status);
      assert.ok(answer.json().title, answer.body);
      if (status === 405) assert.match(answer.headers.allow, /GET/);
    });
  }

  it('ABodyPastItsBoundIs413', async (t) => {
    const text = await exchange(t, bridge.httpPort,
        'POST /v1/conversation/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n',
        (so_far) => so_far.includes('\r\n\r\n'));
    assert.ok([405, 413].includes(statusOf(text)), text);
  });

  const nonsense = [
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
    ['a broken request line', 'GET\r\n\r\n'],
    ['an unknown version', 'GET /health HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['a header without a colon', 'GET /health HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n'],
    ['two lengths', 'GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a length and chunks', 'POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n' +
        'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['a length that is no number', 'GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n'],
    ['NUL in a header', 'GET /health HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n'],
    ['a thousand headers', `GET /health HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(10_000)}\r\n`],
    ['bad percent encoding', 'GET /v1/conversation/%zz HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a method that is not there', 'BREW /v1/conversation/1 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ];
  for (const [what, bytes] of nonsense) {
    it(`AnswersOrClosesProperlyOn: ${what}`, async (t) => {
      const text = await exchange(t, bridge.httpPort, bytes, (so_far) => so_far.includes('\r\n\r\n'));
      if (text) assert.ok(statusOf(text) >= 400 && statusOf(text) < 600, text);
      assert.equal((await request(bridge.url('/health'))).status, 200);
    });
  }

  it('KeepsAConnectionAliveAndAnswersPipelinedRequestsInOrder', async (t) => {
    const ask = (target, more = '') => `GET ${target} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
    const text = await exchange(t, bridge.httpPort,
        ask('/health') + ask('/nowhere') + ask('/health', 'Connection: close\r\n'));
    assert.deepEqual([...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status),
        ['200', '404', '200']);
  });

  it('ClosesAStreamWhoseClientKeepsSending', async (t) => {
    const socket = net.connect(bridge.httpPort, '127.0.0.1');
    t.after(() => socket.destroy());
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write('GET /v1/conversation/talker HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    socket.write('x'.repeat(8192));
    await within(10_000, closed, 'the bridge closes the stream');
  });

  it('AnswersAPreflightOfAnAllowedOrigin', async () => {
    const answer = await request(bridge.url('/v1/conversation/1'), {method: 'OPTIONS', headers: {
      'origin': 'https://app.example', 'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization, last-event-id',
    }});
    assert.ok([200, 204].includes(answer.status), String(answer.status));
    const {headers} = answer;
    assert.equal(headers['access-control-allow-origin'], 'https://app.example');
    assert.equal(headers['access-control-allow-credentials'], 'true');
    assert.match(headers['access-control-allow-methods'], /GET/);
    assert.match(headers['access-control-allow-headers'].toLowerCase(), /authorization/);
    assert.match(headers['access-control-allow-headers'].toLowerCase(), /last-event-id/);
    assert.equal(headers['access-control-max-age'], '600');
    assert.match(headers.vary, /origin/i);
  });

  it('NamesExposedHeadersOnAStreamAndOnAnError', async (t) => {
    const headers = {origin: 'https://app.example'};
    const stream = await openStream(t, bridge.url('/v1/conversation/1'), {headers});
    const error = await request(bridge.url('/v1/events'), {headers});
    for (const got of [stream.headers, error.headers]) {
      assert.equal(got['access-control-allow-origin'], 'https://app.example');
      assert.equal(got['access-control-expose-headers'], 'X-Request-Id');
      assert.match(got.vary, /origin/i);
    }
  });

  it('ADisallowedOriginGetsNoCorsHeaders', async () => {
    for (const method of ['OPTIONS', 'HEAD']) {
      const {headers} = await request(bridge.url('/v1/conversation/1'), {method, headers: {
        'origin': 'https://evil.example', 'access-control-request-method': 'GET',
      }});
      const cors = Object.keys(headers).filter((name) => name.startsWith('access-control-'));
      assert.deepEqual(cors, []);
    }
  });

  it('ReportsHealthAndReadiness', async () => {
    const health = await request(bridge.url('/health'));
    assert.equal(health.status, 200);
    assert.deepEqual(health.json(), {status: 'healthy', service: 'sluice'});
    assert.equal((await request(bridge.url('/ready'))).status, 200);
  });

  it('CountsStreamsUntilTheirClientsVanish', async (t) => {
    const url = bridge.url('/v1/workspace/counted');
    const [first, second] = [await openStream(t, url), await openStream(t, url)];
    await first.next('connect');
    await second.next('connect');
    const counted = await subscribers(bridge);
    assert.equal(counted.by_topic['workspace/counted'], 2);
    assert.equal(counted.by_channel_type.workspace, 2);
    assert.ok(counted.total >= 2);
    first.close();
    second.close();
    await eventually(async () => !(await subscribers(bridge)).by_topic['workspace/counted'],
        'they leave the count');
  });
});

describe('the ops listener', () => {
  it('CanBeAnAddressOfItsOwn', async (t) => {
    const bridge = await startBridge(t, {config: {
      authorizer: {none: {}}, http: {ops_listen: '127.0.0.1:0'},
    }});
    const {ops} = bridge;
    assert.notEqual(ops, bridge.http);
    assert.equal((await request(`http://${ops}/health`)).status, 200);
    assert.equal((await request(`http://${ops}/ready`)).status, 200);
    assert.equal((await request(`http://${ops}/v1/stats`)).status, 200);
    assert.equal((await request(bridge.url('/v1/stats'))).status, 404);
  });

  it('CurlItselfSaysWhatIsWrong', async (t) => {
    const bridge = await startBridge(t);
    const {out} = await run(t, 'curl', ['-s', bridge.url('/v1/events')]);
    assert.match(JSON.parse(out).detail, /topic/);
  });
});

// The open streams: {total, by_channel_type, by_topic}.
async function subscribers(bridge) {
  const answer = await request(bridge.url('/v1/stats'));
  assert.equal(answer.status, 200, answer.body);
  return answer.json().subscribers;
}
