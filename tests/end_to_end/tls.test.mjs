// HTTPS with real clients: curl, openssl, Node, EventSource, Chromium.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import {describe} from 'node:test';
import {chromium} from 'playwright-core';
import {executablePath, browserArgs, listen} from './browser.mjs';
import {makeAuthority, replace, tlsOf} from './certificates.mjs';
import {
  buildFolder, eventually, it, openToAll, run, start, startBridge, startProxy, within, writeConfig,
} from './harness.mjs';
import {publish} from './grpc.mjs';
import {privateBytes} from './measure.mjs';
import {RawStream} from './raw_stream.mjs';
import {openStream, request} from './sse.mjs';

const tick = (n) => ({topic: 'room/1', type: 'tick', json: {n}});
const numbers = (events) => events.map(({data}) => JSON.parse(data).n);

// A bridge that speaks TLS, and what its clients need to believe it.
async function startSecure(t, {config = {}, http = {}, ...options} = {}) {
  const authority = makeAuthority(t);
  const pair = authority.issue('server');
  const bridge = await startBridge(t, {
    config: {...openToAll, ...config, http: {...http, tls: {...tlsOf(pair), ...http.tls}}},
    ...options,
  });
  const url = (target) => `https://localhost:${bridge.httpPort}${target}`;
  return {...bridge, authority, pair, url, tls: {ca: authority.pem}};
}

// The serial number of the certificate that a new connection is shown; rejects when the handshake fails.
async function serialOf(bridge, options = {}) {
  const socket = tls.connect({
    port: bridge.httpPort, host: '127.0.0.1', servername: 'localhost', ...bridge.tls, ...options,
  });
  try {
    await within(10_000, once(socket, 'secureConnect'), 'a handshake');
    return socket.getPeerCertificate().serialNumber;
  } finally {
    socket.destroy();
  }
}

describe('TLS', () => {
  it('ServesCurlAndEveryStreamFeature', async (t) => {
    const bridge = await startSecure(t, {config: {defaults: {heartbeat: {interval: '200ms'}}}});
    const curl = await run(t, 'curl', ['-sS', '--cacert', bridge.authority.file, '-w', '%{http_version} %{http_code}',
      '--resolve', `localhost:${bridge.httpPort}:127.0.0.1`, bridge.url('/health')]);
    assert.equal(curl.code, 0, curl.err);
    assert.match(curl.out, /healthy.*\n1\.1 200$/s);

    const stream = await openStream(t, bridge.url('/v1/room/1'), {tls: bridge.tls});
    await stream.next('connect');
    const ids = await publish(bridge, [tick(1), tick(2), tick(3)]);
    assert.deepEqual(numbers(await stream.take(3)), [1, 2, 3]);
    await stream.comments.when((items) => items.length >= 2, 'heartbeats');
    stream.close();

    const resumed = await openStream(t, bridge.url('/v1/room/1'), {tls: bridge.tls, lastEventId: ids[0]});
    assert.deepEqual(numbers(await resumed.take(2)), [2, 3]);
    // A drain ends it in order: the last chunk, TLS's goodbye, the socket's.
    const stopped = bridge.stop();
    assert.deepEqual(await resumed.ended(), {clean: true});
    assert.equal(resumed.retries.length, 1);
    assert.equal((await stopped).code, 0);
  });

  it('IsTls13WithHttp11AndNothingOlderThan12', async (t) => {
    const bridge = await startSecure(t);
    const client = (...args) => run(t, 'sh', ['-c', 'exec openssl s_client "$@" </dev/null', 'sh',
      '-connect', bridge.http, '-CAfile', bridge.authority.file, '-servername', 'localhost', ...args]);
    const newest = await client('-alpn', 'h2,http/1.1');
    assert.match(newest.out, /New, TLSv1\.3, Cipher is TLS_/);
    assert.match(newest.out, /ALPN protocol: http\/1\.1/);
    assert.match(newest.out, /Verify return code: 0 \(ok\)/);
    assert.match((await client('-tls1_2')).out, /New, TLSv1\.2, Cipher is ECDHE-/);
    const weak = await client('-tls1_2', '-cipher', 'AES128-SHA:AES128-GCM-SHA256:@SECLEVEL=0');
    assert.match(weak.out, /Cipher is \(NONE\)/);
    const old = await client('-tls1_1', '-cipher', 'DEFAULT:@SECLEVEL=0');
    assert.match(old.out, /Cipher is \(NONE\)/);
    assert.match(old.err, /alert protocol version/);
  });

  it('TellsWhoeverSpeaksPlainHttpAndGoesOn', async (t) => {
    const bridge = await startSecure(t, {config: {log: {level: 'debug'}}});
    const plain = await request(`http://${bridge.http}/health`);
    assert.equal(plain.status, 400);
    assert.match(plain.json().detail, /https/);
    for (const bytes of ['\x16\x03\x01\x02\x00\x01', 'SSH-2.0-x\r\n', '\xff'.repeat(500)]) {
      const socket = net.connect(bridge.httpPort, '127.0.0.1');
      socket.on('error', () => {});
      socket.end(Buffer.from(bytes, 'latin1'));
      const closed = new Promise((resolve) => socket.resume().on('close', resolve));
      assert.equal(await within(10_000, closed, 'the bridge closes'), false, 'without an error');
    }
    assert.equal((await request(bridge.url('/health'), {tls: bridge.tls})).status, 200);
    const failed = await bridge.log.when((lines) => {
      const told = lines.filter((line) => line.includes('TLS handshake failed'));
      return told.length >= 3 && told;
    }, 'why each of them failed');
    for (const line of failed) assert.match(line, /error="?[A-Za-z0-9 :_()-]+"?$/, line);
  });

  it('ServesTheEventsourcePackageThroughABrokenConnection', async (t) => {
    const bridge = await startSecure(t, {config: {defaults: {retry: '50ms'}}});
    const proxy = await startProxy(t, bridge.httpPort);
    const url = `https://localhost:${proxy.port}/v1/room/1`;
    const script = `
      import {EventSource} from 'eventsource';
      const source = new EventSource(process.argv[1]);
      for (const type of ['connect', 'tick', 'error']) {
        source.addEventListener(type, ({data, message}) => console.log(type, data ?? message));
      }`;
    const {output} = start(t, process.execPath, ['--input-type=module', '-e', script, url], {
      cwd: import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname),
      env: {NODE_EXTRA_CA_CERTS: bridge.authority.file},
    });
    const lines = (type, count) => output.when((items) => {
      const found = items.filter((line) => line.startsWith(`${type} `));
      return found.length >= count && found;
    }, `${count} ${type}`, 20_000);
    await lines('connect', 1);
    await publish(bridge, [tick(1), tick(2)]);
    await lines('tick', 2);
    proxy.cut();
    await publish(bridge, [tick(3)]);
    assert.deepEqual(await lines('tick', 3), ['tick {"n":1}', 'tick {"n":2}', 'tick {"n":3}']);
  });

  it('ServesChromium', async (t) => {
    const bridge = await startSecure(t, {http: {demo_page: true}});
    const browser = await chromium.launch({
      executablePath, args: [...browserArgs, '--ignore-certificate-errors'], headless: true, timeout: 60_000,
    });
    t.after(() => within(15_000, browser.close(), 'Chromium closes'));
    const page = await (await browser.newContext({ignoreHTTPSErrors: true})).newPage();
    await page.goto(bridge.url('/health'));
    const client = await listen(t, page, bridge.url('/v1/room/1'), {types: ['tick']});
    await client.received('connect', 1);
    await publish(bridge, [tick(1), tick(2)]);
    assert.deepEqual(numbers(await client.received('tick', 2)), [1, 2]);
  });
});

describe('a certificate that is replaced', () => {
  it('IsShownToNewConnectionsWhileStreamsGoOnAndABrokenOneIsReportedOnce', async (t) => {
    const bridge = await startSecure(t);
    const stream = await openStream(t, bridge.url('/v1/room/1'), {tls: bridge.tls});
    const first = await serialOf(bridge);
    replace(bridge.pair, bridge.authority.issue('second'));
    const second = await eventually(async () => {
      const serial = await serialOf(bridge);
      return serial !== first && serial;
    }, 'the second certificate');
    await publish(bridge, [tick(1)]);
    assert.deepEqual(numbers(await stream.take(1)), [1]);

    // The key of another.
    const third = bridge.authority.issue('third');
    replace(bridge.pair, {certificateFile: third.certificateFile, keyFile: bridge.authority.issue('x').keyFile});
    const reports = (lines) => lines.filter((line) => / error .*TLS files have changed/.test(line));
    const [report] = await bridge.log.when((lines) => reports(lines).length && reports(lines), 'the report');
    assert.match(report, /http\.tls\.key_file: .*is not the key of the certificate/);
    assert.equal(await serialOf(bridge), second);
    replace(bridge.pair, bridge.authority.issue('fourth'));
    await eventually(async () => ![first, second].includes(await serialOf(bridge)), 'the fourth certificate');
    assert.equal(reports(bridge.log.items).length, 1);
    await publish(bridge, [tick(2)]);
    assert.deepEqual(numbers(await stream.take(1)), [2]);
  });

  it('MayNotBeWrongAtTheStart', async (t) => {
    const authority = makeAuthority(t);
    const pair = authority.issue('server');
    const check = async (http) => run(t, path.join(buildFolder, 'sluice'),
        ['--config', writeConfig(t, {...openToAll, http}), '--check-config']);
    assert.equal((await check({tls: tlsOf(pair)})).code, 0);
    for (const [http, fault] of [
      [{tls: {...tlsOf(pair), key_file: '/nowhere/key.pem'}}, /http\.tls\.key_file: \/nowhere\/key\.pem cannot be read/],
      [{tls: tlsOf({...pair, keyFile: authority.issue('other').keyFile})}, /http\.tls\.key_file: .*is not the key/],
      [{tls: {certificate_file: pair.keyFile, key_file: pair.keyFile}}, /http\.tls\.certificate_file: .*no certificate/],
      [{ops_listen: '127.0.0.1:0', ops_tls: {}}, /http\.ops_tls\.certificate_file: is required/],
    ]) {
      const {code, err} = await check(http);
      assert.equal(code, 1);
      assert.match(err, fault);
    }
  });
});

describe('client certificates', () => {
  for (const kind of ['required', 'optional']) {
    it(`${kind === 'required' ? 'AreRequired' : 'AreVerifiedWhereShown'}`, async (t) => {
      const clients = makeAuthority(t, 'Authority of clients');
      const bridge = await startSecure(t, {
        http: {tls: {client_ca_file: clients.file, client_certificates: kind}},
      });
      const health = ({certificate: cert, key} = {}) =>
        request(bridge.url('/health'), {tls: {...bridge.tls, cert, key}}).then(({status}) => status, () => 'refused');
      assert.equal(await health(clients.issue('client', 'DNS:client.example')), 200);
      assert.equal(await health(makeAuthority(t).issue('stranger', 'DNS:client.example')), 'refused');
      assert.equal(await health(), kind === 'required' ? 'refused' : 200);
    });
  }
});

describe('slow readers over TLS', () => {
  it('CostAlmostNothingAndLoseNothing', async (t) => {
    const readers = 200;
    const requests = 600;
    const payload = 'x'.repeat(8_000);
    const bridge = await startSecure(t, {
      http: {write_timeout: '10m', public_stats: true}, config: {event_log: {memory: {events_per_topic: 20_000}}},
    });
    const ca = bridge.authority.pem;
    const event = (n) => ({topic: 'room/1', type: 'tick', raw_json: `{"n":${n},"payload":"${payload}"}`});
    const read = (count) => ({event: type, data}) => {
      if (type === 'connect') return;
      if (type !== 'tick' || !data.startsWith(`{"n":${count.received},`)) count.faults += 1;
      count.received += 1;
    };
    const [quick, slow] = [{received: 0, faults: 0}, {received: 0, faults: 0}];
    const open = (count) => {
      const stream = new RawStream({port: bridge.httpPort, target: '/v1/room/1', ca, onEvent: read(count)});
      t.after(() => stream.drop());
      return stream;
    };
    open(quick);
    const stalled = [];
    for (let i = 0; i < readers; ++i) {
      const stream = open(i === 0 ? slow : {received: 0, faults: 0});
      stalled.push(stream);
      await within(10_000, once(stream.socket, 'secureConnect'), 'a handshake');
      stream.socket.pause();
    }
    const streams = async () =>
      (await request(bridge.url('/v1/stats'), {tls: bridge.tls})).json().subscribers.total === readers + 1;
    await eventually(streams, 'all streams are open', 30_000);
    const before = privateBytes(bridge.pid);
    for (let sent = 0; sent < requests * 10;) {
      await publish(bridge, Array.from({length: 10}, () => event(sent++)));
      await eventually(() => quick.received > sent - 100 || quick.faults, `event ${sent}`, 30_000);
    }
    await eventually(() => quick.received === requests * 10 || quick.faults, 'the last event', 30_000);
    const growth = privateBytes(bridge.pid) - before;
    console.log(`${readers} stalled readers over TLS: ${(growth / 2 ** 20).toFixed(1)} MiB more`);
    // The log holds the events themselves, once.
    const kept = requests * 10 * payload.length + 2 ** 23;
    assert.ok(growth < kept + readers * 64 * 1024, `${growth} bytes`);
    stalled[0].socket.resume();
    await eventually(() => slow.received === requests * 10 || slow.faults, 'the slow reader has it all', 60_000);
    assert.deepEqual([quick.faults, slow.faults], [0, 0]);
  }, {timeout: 300_000});
});
