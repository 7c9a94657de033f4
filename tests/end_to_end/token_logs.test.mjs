// A credential in every place that a client can put one, rightly or wrongly: none of them comes out of the
// bridge again. (Each bridge's log is searched for SECRET when it ends; here all that it writes is.)
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import http2 from 'node:http2';
import net from 'node:net';
import path from 'node:path';
import {describe} from 'node:test';
import {fileURLToPath} from 'node:url';
import grpc from '@grpc/grpc-js';
import {allow, client, publish, startAuthorizer, subscribe} from './grpc.mjs';
import {assertNoSecret, eventually, it, openToAll, run, startBridge, temporaryFolder, token, within} from './harness.mjs';
import {request} from './sse.mjs';
import {startBackend} from './typed.mjs';

const folder = path.dirname(fileURLToPath(import.meta.url));

// Sends bytes, and answers what comes back until the other side closes or is quiet.
async function exchange(port, bytes) {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.setEncoding('latin1');
  let received = '';
  socket.on('data', (text) => {
    received += text;
    if (received.includes('\r\n\r\n')) setTimeout(() => socket.destroy(), 50);
  });
  await once(socket, 'connect');
  socket.write(bytes);
  await within(10_000, once(socket, 'close'), `an answer to ${JSON.stringify(bytes)}`);
  return received;
}

const secret = token('0123456789abcdef0123456789abcdef');
const host = 'Host: sluice\r\n';
const get = (target, fields = '') => `GET ${target} HTTP/1.1\r\n${host}${fields}\r\n`;
const tries = {
  'a bearer token': get('/v1/room/1', `Authorization: Bearer ${secret}\r\n`),
  'another scheme': get('/v1/room/1', `Authorization: Basic ${secret}\r\n`),
  'no scheme': get('/v1/room/1', `Authorization: ${secret}\r\n`),
  'two of them': get('/v1/room/1', `Authorization: Bearer ${secret}\r\n`.repeat(2)),
  'one that is no text': get('/v1/room/1', `Authorization: Bearer ${secret}\xff\r\n`),
  'one with a control character': get('/v1/room/1', `Authorization: Bearer ${secret}\x01\r\n`),
  'a folded header': get('/v1/room/1', `Authorization: Bearer\r\n ${secret}\r\n`),
  'a header with a blank before its colon': get('/v1/room/1', `Authorization : Bearer ${secret}\r\n`),
  'a header without a colon': get('/v1/room/1', `Authorization Bearer ${secret}\r\n`),
  'a token for a header': get('/v1/room/1', `${secret}: x\r\n`),
  'a query parameter': get(`/v1/room/1?token=${secret}`),
  'an unknown parameter': get(`/v1/room/1?tokne=${secret}`),
  'one on no route': get(`/nowhere?token=${secret}`),
  'one for the statistics': get(`/v1/stats?token=${secret}`),
  'one that is not UTF-8': get(`/v1/room/1?token=${secret}%ff`),
  'one whose encoding is broken': get(`/v1/room/1?token=${secret}%zz`),
  'one with a line break': get(`/v1/room/1?token=${secret}%0a`),
  'a parameter\'s name': get(`/v1/room/1?${secret}=%ff`),
  'a parameter\'s name on a call': get(`/say?${secret}==`),
  'a credential on a call': get(`/say?token=${secret}`),
  'an encoded question mark': get(`/v1/room/1%3Ftoken=${secret}`),
  'one encoded twice': get(`/v1/room/1/x/%253Ftoken%253D${secret}`),
  'a denied topic': get(`/v1/room/1&token=${secret}`),
  'denied topics': get(`/v1/events?topic=room/1%26a&topic=room/1%26a${secret}`),
  'a topic that is none': get(`/v1/events?topic=room//1%26token=${secret}`),
  'a topic that is too long': get(`/v1/room/1&token=${secret}${'x'.repeat(1100)}`),
  'no question mark': get(`/nowhere/1&token=${secret}`),
  'a fragment': get(`/v1/room/1#token=${secret}`),
  'a user of the target\'s host': get(`http://user:${secret}@sluice/v1/room/1`),
  'a query in absolute form': get(`http://sluice/nowhere?token=${secret}`),
  'a target that is no path': get(secret),
  'a target with a blank': get(`/v1/room/1? ${secret}`),
  'a method': `${secret} /v1/room/1 HTTP/1.1\r\n${host}\r\n`,
  'a version': `GET /v1/room/1 ${secret}\r\n${host}\r\n`,
  'a host': `GET /v1/room/1 HTTP/1.1\r\nHost: ${secret}@x\r\n\r\n`,
  'a cookie': get('/v1/room/1', `Cookie: session=${secret}\r\n`),
  'a cookie of this host\'s page': get('/v1/room/1', `Sec-Fetch-Site: same-origin\r\nCookie: session=${secret}\r\n`),
  'a broken cookie': get('/v1/room/1', `Sec-Fetch-Site: same-origin\r\nCookie: session=${secret}\x80\r\n`),
  'a resume by a token': get('/v1/room/1', `Last-Event-ID: ${secret}\xff\r\n`),
  'an origin': get('/v1/room/1', `Origin: ${secret}\r\n`),
  'an expectation': get('/v1/room/1', `Expect: ${secret}\r\nContent-Length: 1\r\n`),
  'a length': get('/v1/room/1', `Content-Length: ${secret}\r\n`),
  'a forwarded client': get('/v1/room/1', `Forwarded: for=${secret}\r\nX-Forwarded-For: ${secret}\r\n`),
  'a body': `POST /say HTTP/1.1\r\n${host}Content-Type: application/json\r\n` +
      `Content-Length: ${secret.length + 2}\r\n\r\n"${secret}"`,
  'half a request': get('/v1/room/1', `Authorization: Bearer ${secret}`).slice(0, -2),
};

async function startSpeaking(t) {
  const file = path.join(temporaryFolder(t), 'calls.binpb');
  const {code, err} = await run(t, 'protoc', [
    `-I${folder}`, `--descriptor_set_out=${file}`, '--include_imports', 'calls.proto',
  ]);
  assert.equal(code, 0, err);
  const backend = await startBackend(t, readFileSync(file), 'calls.v1.Speaker', 'Speak', (call) => call.end());
  const authorizer = await startAuthorizer(t, ({topics}) => topics.some((topic) => topic.startsWith('room/1')) ?
    {decision: 'DECISION_DENY_FORBIDDEN', reason: 'not yours', denied_topics: topics} : allow({subject: 'ada'}));
  const bridge = await startBridge(t, {config: {
    authorizer: {grpc: {address: authorizer.address, deadline: '5s'}},
    publishing: {authorize: true},
    log: {level: 'debug'},
    http: {
      request_timeout: '1s', public_stats: true, trusted_proxies: ['127.0.0.1'],
      credentials: {cookies: ['session']},
    },
    schema: {descriptor_sets: [file]},
    backends: {speaker: {address: backend.address, reflection: false}},
    routes: [{
      path: '/say', methods: ['GET', 'POST'], topics: ['said/1'],
      call: {backend: 'speaker', method: 'calls.v1.Speaker/Speak'},
    }],
  }});
  return {bridge, backend};
}

// One gRPC call by hand, with a header field that HTTP/2 clients do not let through; waits for its end.
async function sendHeader(port, name, value) {
  const literal = (text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
  const field = (...texts) => Buffer.concat([Buffer.from([0]), ...texts.map(literal)]);
  const head = new Map([
    [':method', 'POST'], [':scheme', 'http'], [':path', '/sluice.v1.Admin/GetStats'], [':authority', 'sluice'],
    ['content-type', 'application/grpc'], ['te', 'trailers'], [name, value],
  ]);
  const block = Buffer.concat([...head].map(([key, text]) => field(key, text)));
  const frame = (type, flags, stream, body = Buffer.alloc(0)) => {
    const start = Buffer.alloc(9);
    start.writeUIntBE(body.length, 0, 3);
    start[3] = type;
    start[4] = flags;
    start.writeUInt32BE(stream, 5);
    return Buffer.concat([start, body]);
  };
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const answered = new Promise((resolve) => {
    let received = Buffer.alloc(0);
    socket.on('close', resolve);
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      // The call's head or reset, or the connection's end.
      for (let at = 0; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3)) {
        const [type, stream] = [received[at + 3], received.readUInt32BE(at + 5)];
        if (stream === 1 && (type === 1 || type === 3) || type === 7) resolve();
      }
    });
  });
  const [settings, headers] = [4, 1];
  const endOfStreamAndHeaders = 0x5;
  socket.write(Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(settings, 0, 0),
    frame(headers, endOfStreamAndHeaders, 1, block),
  ]));
  await within(10_000, answered, `an answer to ${name}`);
  socket.destroy();
}

const written = (bridge) => [...bridge.log.items, ...bridge.output.items];

describe('a credential', () => {
  it('IsInNoLogWhereverAClientPutsIt', async (t) => {
    const {bridge, backend} = await startSpeaking(t);
    for (const [what, bytes] of Object.entries(tries)) {
      const answer = await exchange(bridge.httpPort, Buffer.from(bytes, 'latin1'));
      assert.match(answer, /^HTTP\/1\.1 [2-5]\d\d /, what);
      const leak = written(bridge).find((line) => line.includes(secret));
      assert.equal(leak, undefined, `${what}: ${leak}`);
      // (A stream names the topics that it was asked for.)
      // A denial, too.
      if (!/^HTTP\/1\.1 (200|403) /.test(answer)) assert.ok(!answer.includes(secret), `${what}: ${answer}`);
    }
    assert.ok(written(bridge).filter((line) => line.includes('request refused')).length > 20);
    // Nor does it go to a backend.
    for (const {request: sent, metadata} of backend.calls.items) {
      assert.ok(!JSON.stringify([sent, metadata.getMap()]).includes(secret));
    }
    await bridge.stop();
    assertNoSecret(written(bridge));
  });

  it('IsInNoLogOverGrpcEither', async (t) => {
    const {bridge} = await startSpeaking(t);
    await assert.rejects(publish(bridge, [{topic: 'room/1', text: 'x'}], {credential: secret}));
    await assert.rejects(publish(bridge, [{topic: 'a//b', text: 'x'}], {credential: secret}));
    await assert.rejects(publish(bridge, [{topic: `room/1?token=${secret}`, text: 'x'}]));
    await assert.rejects(publish(bridge, [{topic: 'a/b', text: 'x'}, {topic: `room/1?token=${secret}`, text: 'x'}]));
    for (const topics of [['room/1'], ['a//b'], [], [`room/1?token=${secret}`], [`a//b?token=${secret}`]]) {
      await subscribe(t, bridge, {topics}, {credential: secret}).finished;
    }
    const fields = new grpc.Metadata();
    fields.add('authorization', `Bearer ${secret}`);
    fields.add('authorization', secret);
    const stub = client(t, bridge, 'Admin');
    await new Promise((resolve) => stub.GetStats({}, fields, resolve));
    // What is no gRPC: another HTTP/2 client, a method that is none, another protocol.
    const session = http2.connect(`http://${bridge.grpc}`);
    session.on('error', () => {});
    for (const headers of [
      {':path': `/sluice.v1.Publisher/Publish?token=${secret}`, ':method': 'POST',
        'content-type': 'application/grpc', 'authorization': secret},
      {':path': `/${secret}/Publish`, ':method': 'POST', 'content-type': 'application/grpc'},
      {':path': '/', ':method': 'GET', 'authorization': `Bearer ${secret}`, 'cookie': secret},
    ]) {
      const stream = session.request(headers);
      stream.on('error', () => {});
      stream.resume();
      stream.end();
      await within(10_000, once(stream, 'close'), 'an answer');
    }
    session.destroy();
    const socket = net.connect(bridge.grpcPort, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    socket.end(get('/v1/room/1', `Authorization: Bearer ${secret}\r\n`));
    await within(10_000, once(socket, 'close'), 'it is refused');
    await bridge.stop();
    assertNoSecret(written(bridge));
  });

  // gRPC repeats what it cannot read of metadata in lines of its own.
  it('IsInNoLineOfGrpcsOwn', async (t) => {
    const bridge = await startBridge(t, {config: {...openToAll, log: {level: 'debug'}}});
    for (const name of ['content-type', ':scheme', 'grpc-encoding', 'grpc-status']) {
      await sendHeader(bridge.grpcPort, name, secret);
    }
    for (const name of ['te', 'grpc-timeout']) {
      // (Of its lines one a second is kept.)
      await eventually(async () => {
        await sendHeader(bridge.grpcPort, name, secret);
        return written(bridge).some((line) => line.includes(`key=${name}`));
      }, `gRPC says that ${name} is no good`);
    }
    await bridge.stop();
    assertNoSecret(written(bridge));
  });

  it('IsNotRepeatedToWhoeverSentIt', async (t) => {
    const bridge = await startBridge(t, {config: openToAll});
    const answer = await request(bridge.url(`/nowhere?token=${secret}`));
    assert.equal(answer.status, 404);
    assert.ok(!answer.body.includes(secret));
  });
});
