// The process itself: starting, refusing to start, draining, what it logs.
import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';
import {describe} from 'node:test';
import {
  buildFolder, eventually, it, openToAll, run, start, startBridge, token, within, writeConfig,
} from './harness.mjs';
import {allow, call, client, publish, publishStream, startAuthorizer, status, subscribe} from './grpc.mjs';
import {openStream, request} from './sse.mjs';

const sluice = path.join(buildFolder, 'sluice');
const anyPorts = ['--http-listen', '127.0.0.1:0', '--grpc-listen', '127.0.0.1:0'];
const tick = (n) => ({topic: 'room/1', type: 'tick', json: {n}});

describe('starting', () => {
  it('PicksFreePortsAndSaysWhich', async (t) => {
    const [one, two] = [await startBridge(t), await startBridge(t)];
    assert.equal(new Set([one.http, one.grpc, two.http, two.grpc]).size, 4);
    for (const bridge of [one, two]) {
      assert.equal((await request(bridge.url('/ready'))).status, 200);
    }
  });

  it('PrintsItsVersion', async (t) => {
    const {code, out} = await run(t, sluice, ['--version']);
    assert.equal(code, 0);
    assert.match(out, /\d+\.\d+\.\d+/);
  });

  it('RefusesAPortThatIsTaken', async (t) => {
    const first = await startBridge(t);
    const ports = [
      ['--http-listen', first.http, '--grpc-listen', '127.0.0.1:0'],
      ['--http-listen', '127.0.0.1:0', '--grpc-listen', first.grpc],
    ];
    for (const listen of ports) {
      const {code, err} = await run(t, sluice, ['--config', writeConfig(t, openToAll), ...listen]);
      assert.notEqual(code, 0);
      assert.match(err, new RegExp(first.http === listen[1] ? first.http : first.grpc));
    }
    assert.equal((await request(first.url('/health'))).status, 200);
  });

  it('WithoutAFileItRefusesSubscriptionsAndInDevItIsOpenAndSaysSo', async (t) => {
    const bare = await startBridge(t, {config: null});
    assert.ok([401, 403].includes((await request(bare.url('/v1/room/1'))).status));
    const dev = await startBridge(t, {config: null, args: ['--dev']});
    const stream = await openStream(t, dev.url('/v1/room/1'));
    await stream.next('connect');
    assert.ok(dev.log.items.some((line) => /warn/i.test(line) && /dev/i.test(line)),
        dev.log.items.join('\n'));
  });

  it('DevRefusesAddressesThatAreNotLoopback', async (t) => {
    for (const listen of [
      ['--http-listen', '0.0.0.0:0', '--grpc-listen', '127.0.0.1:0'],
      ['--http-listen', '127.0.0.1:0', '--grpc-listen', '0.0.0.0:0'],
    ]) {
      const {code, err} = await run(t, sluice, ['--dev', ...listen]);
      assert.notEqual(code, 0);
      assert.match(err, /loopback/);
    }
  });

  const wrong = [
    ['an unknown key', 'http:\n  lisen: x\n', /lisen/, /\b2\b/],
    ['a value of the wrong type', 'limits:\n  payload_bytes: many\n', /payload_bytes/, /\b2\b/],
    ['a duration without a unit', 'drain_timeout: soon\n', /drain_timeout/],
    ['broken YAML', 'http: [\n', /YAML|yaml|line/],
    ['a route without a path', 'routes:\n  - topics: [a]\n', /path/],
    ['an authorizer without an address', 'authorizer: {grpc: {}}\n', /address/],
    ['credentials for every origin', 'http: {cors: {origins: ["*"], credentials: true}}\n', /credentials|origins/],
  ];
  for (const [what, text, ...words] of wrong) {
    it(`CheckConfigSaysWhatIsWrongWith: ${what}`, async (t) => {
      const {code, out, err} = await run(t, sluice, ['--check-config', '--config', writeConfig(t, text)]);
      assert.equal(code, 1);
      for (const word of words) assert.match(out + err, word);
    });
  }

  it('CheckConfigAcceptsAGoodOne', async (t) => {
    const {code} = await run(t, sluice, ['--check-config', '--config', writeConfig(t, openToAll)]);
    assert.equal(code, 0);
  });

  it('TakesFlagsBeforeEnvironmentBeforeFile', async (t) => {
    const config = {...openToAll, service_name: '${E2E_NAME:-fallback}', log: {level: 'error'}};
    const env = {SLUICE_LOG_LEVEL: 'info', E2E_NAME: 'named'};
    const bridge = await startBridge(t, {config, env});
    assert.equal((await request(bridge.url('/health'))).json().service, 'named');
    const quiet = start(t, sluice,
        ['--config', writeConfig(t, config), '--log-level', 'error', '--check-config'], {env});
    await quiet.exited;
    assert.ok(!quiet.log.items.some((line) => /\binfo\b/.test(line)), quiet.log.items.join('\n'));
  });
});

describe('draining', () => {
  // Reads raw bytes, so that what the end of a stream really looks like is seen.
  async function rawStream(t, bridge, target) {
    const socket = net.connect(bridge.httpPort, '127.0.0.1');
    t.after(() => socket.destroy());
    const raw = {text: '', socket};
    socket.setEncoding('latin1');
    socket.on('error', (error) => { raw.error = error; });
    raw.closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('data', (text) => { raw.text += text; });
    socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await eventually(() => raw.text.includes('event: connect'), 'the stream is open');
    return raw;
  }

  function dechunk(text) {
    let body = '';
    for (let at = text.indexOf('\r\n\r\n') + 4; ;) {
      const line = text.indexOf('\r\n', at);
      const size = parseInt(text.slice(at, line), 16);
      assert.ok(line > 0 && size >= 0, `a whole chunk follows: ${text.slice(at, at + 40)}`);
      if (size === 0) {
        assert.equal(text.slice(line), '\r\n\r\n');
        return body;
      }
      body += text.slice(line + 2, line + 2 + size);
      assert.equal(text.slice(line + 2 + size, line + 4 + size), '\r\n');
      at = line + 4 + size;
    }
  }

  it('EndsStreamsWithARetryAndWithoutCuttingAFrame', async (t) => {
    const bridge = await startBridge(t, {config: {...openToAll, drain_timeout: '5s'}});
    const streams = await Promise.all(Array.from({length: 8}, () => rawStream(t, bridge, '/v1/room/1')));
    const feed = publishStream(t, bridge);
    let sent = 0;
    const pump = async () => {
      while (!feed.results.ended) await feed.send([tick(++sent), tick(++sent), tick(++sent)]);
    };
    pump().catch(() => {});
    await eventually(() => streams.every(({text}) => text.includes('"n":50}')), 'events flow');
    const stopped = Date.now();
    const {code} = await bridge.stop('SIGTERM');
    assert.equal(code, 0, bridge.log.items.slice(-5).join('\n'));
    assert.ok(Date.now() - stopped < 8_000, 'in a bounded time');
    for (const {text, closed, error} of streams) {
      await within(5_000, closed, 'the socket closes');
      assert.equal(error, undefined);
      const body = dechunk(text);
      assert.match(body, /retry: \d+\n\n$/);
      const got = [...body.matchAll(/data: \{"n":(\d+)\}\n\n/g)].map(([, n]) => Number(n));
      got.forEach((n, at) => assert.equal(n, at + 1));
    }
  });

  it('SpreadsTheComebackOfItsClients', async (t) => {
    const bridge = await startBridge(t);
    const streams = await Promise.all(Array.from({length: 12}, () => openStream(t, bridge.url('/v1/room/1'))));
    for (const stream of streams) await stream.next('connect');
    const clean = Promise.all(streams.map((stream) => stream.ended()));
    assert.equal((await bridge.stop('SIGINT')).code, 0);
    (await clean).forEach((end) => assert.deepEqual(end, {clean: true}));
    const retries = streams.map(({retries: all}) => all.at(-1));
    assert.ok(new Set(retries).size > 1, `jitter: ${retries}`);
  });

  it('IsNotReadyAndTakesNoNewStreamsWhileItWaitsForOldOnes', async (t) => {
    const open = [];
    const authorizer = await startAuthorizer(t, () => new Promise((resolve) => open.push(resolve)));
    const bridge = await startBridge(t, {config: {
      authorizer: {grpc: {address: authorizer.address, deadline: '30s'}},
      http: {ops_listen: '127.0.0.1:0'}, drain_timeout: '10s',
    }});
    const late = request(bridge.url('/v1/room/1'));
    await eventually(() => open.length, 'a question is open');
    const stopping = bridge.stop('SIGTERM');
    await bridge.log.when((lines) => lines.some((line) => line.includes('draining')), 'it drains');
    const ready = await request(`http://${bridge.ops}/ready`);
    assert.equal(ready.status, 503);
    assert.match(ready.json().reason, /drain/);
    assert.equal((await request(`http://${bridge.ops}/health`)).status, 200);
    await assert.rejects(request(bridge.url('/v1/room/1')), /ECONNREFUSED|ECONNRESET/);
    // Allowed, but too late.
    open.forEach((resolve) => resolve(allow()));
    assert.equal((await late).status, 503);
    assert.equal((await stopping).code, 0);
  });

  it('EndsGrpcSubscribersWithUnavailable', async (t) => {
    const bridge = await startBridge(t);
    const {head, finished} = subscribe(t, bridge, {topics: ['room/1']});
    await head;
    assert.equal((await bridge.stop('SIGTERM')).code, 0);
    assert.equal((await finished).code, status.UNAVAILABLE);
  });

  it('KeepsItsBoundWhenAReaderIsStalled', async (t) => {
    const bridge = await startBridge(t, {config: {...openToAll, drain_timeout: '2s'}});
    const stalled = await rawStream(t, bridge, '/v1/room/1');
    stalled.socket.pause();
    const data = 'x'.repeat(100_000);
    for (let n = 0; n < 10; ++n) {
      await publish(bridge, Array.from({length: 10}, () => ({topic: 'room/1', text: data})));
    }
    const stopped = Date.now();
    assert.equal((await bridge.stop('SIGTERM')).code, 0);
    assert.ok(Date.now() - stopped < 6_000, `${Date.now() - stopped} ms`);
  });
});

describe('the log', () => {
  for (const format of ['text', 'json']) {
    it(`NamesStreamsAndTheirEndsButNoCredential: ${format}`, async (t) => {
      const authorizer = await startAuthorizer(t, ({credential}) => credential ?
        allow({subject: 'ada'}) : {decision: 'DECISION_DENY_UNAUTHENTICATED'});
      const bridge = await startBridge(t, {config: {
        authorizer: {grpc: {address: authorizer.address}}, log: {format, level: 'DEBUG'},
        http: {credentials: {query_parameters: ['token'], cookies: ['session']}},
        publishing: {authorize: true},
      }});
      const stream = await openStream(t, bridge.url(`/v1/room/1?token=${token('query')}`));
      await stream.next('connect');
      const cookie = {'cookie': `session=${token('cookie')}`, 'sec-fetch-site': 'same-origin'};
      await (await openStream(t, bridge.url('/v1/room/2'), {headers: cookie})).next('connect');
      await request(bridge.url('/v1/room/3'));
      await request(bridge.url(`/nowhere?token=${token('lost')}`));
      await request(bridge.url(`/v1/events?token=${token('bad')}`));
      await publish(bridge, [tick(1)], {credential: token('publisher')});
      await publish(bridge, [{topic: 'a//b', text: 'x'}], {credential: token('publisher')}).catch(() => {});
      await call(client(t, bridge, 'Admin'), 'GetStats', {}, {credential: token('admin')});
      stream.close();
      await bridge.log.when((lines) => lines.some((line) => line.includes('client_left')), 'a disconnect');
      await bridge.log.when((lines) => lines.some((line) => line.includes('unauthenticated')), 'a refusal');
      assert.equal((await bridge.stop('SIGTERM')).code, 0);
      const left = bridge.log.items.find((line) => line.includes('client_left'));
      assert.match(left, /\bseconds"?[=:]\d/);
      const id = left.match(/\bid"?[=:]"?([\w-]+)/)[1];
      const opened = bridge.log.items.find((line) => line.includes('stream opened') && line.includes(id));
      assert.match(opened, /room\/1/);
      assert.ok(bridge.log.items.some((line) => line.includes('a//b') || line.includes('events[0].topic')),
          'a publisher\'s error');
      if (format === 'json') bridge.log.items.forEach((line) => JSON.parse(line));
    });
  }
});
