// A health dashboard: deploy/examples/connectome.yaml does what the service it replaces documents, with the
// frames of that document.
import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, before, describe} from 'node:test';
import {listen, openPage, startBrowser} from './browser.mjs';
import {it, scope, startBridge, temporaryFolder} from './harness.mjs';
import {openStream, request} from './sse.mjs';
import {examples, startBackend, startPythonBackend} from './typed.mjs';

const configFile = path.join(examples, 'connectome.yaml');
const startMonitor = (t, options) =>
  startBackend(t, 'connectome', 'connectome.v1.Monitor', 'Watch', undefined, options);
const startConnectome = (t, backend, env = {}) => startBridge(t, {
  configFile, env: {BACKEND: backend.address, PING_INTERVAL: '100ms', ...env},
});
const at = (seconds) => ({seconds: Date.parse('2026-01-02T03:04:05Z') / 1000 + seconds});
const health = (status, more = {}) => ({status, timestamp: at(0), metrics: {}, ...more});
const frameOf = (id, status) => `event: connectome_health\nid: ${id}\ndata: {"status":"${status}",` +
    '"timestamp":"2026-01-02T03:04:05Z","metrics":{"active_nodes":0,"active_links":0,"queue_depth":0,' +
    '"error_rate":0},"alerts":[]}\n\n';
const healthOf = async (stream) => JSON.parse((await stream.next('connectome_health')).data).status;
const pings = (stream, count) => stream.events.when(
    (items) => items.filter(({event}) => event === 'ping').length >= count, `${count} pings`);

describe('connectome', () => {
  const shared = scope();
  let backend;
  let bridge;
  let watch;
  before(async () => {
    backend = await startMonitor(shared);
    bridge = await startConnectome(shared, backend, {PING_INTERVAL: '1h'});
    watch = await backend.called();
  });
  after(() => shared.end());

  it('SendsTheFramesOfTheDocumentToWhoeverAsks', async (t) => {
    const stream = await openStream(t, bridge.url('/api/sse'), {headers: {accept: '*/*'}});
    assert.equal(stream.status, 200);
    assert.equal(stream.headers['content-type'], 'text/event-stream');
    watch.write(health('degraded', {
      metrics: {active_nodes: 3, queue_depth: 7, error_rate: 0.25}, alerts: ['two nodes are "away"'],
    }));
    const first = await stream.next('connectome_health');
    watch.write(health('healthy'));
    const second = await stream.next('connectome_health');
    assert.equal(stream.text.slice(stream.text.indexOf('event: ')),
        `event: connectome_health\nid: ${first.id}\n` +
        'data: {"status":"degraded","timestamp":"2026-01-02T03:04:05Z","metrics":{"active_nodes":3,' +
        '"active_links":0,"queue_depth":7,"error_rate":0.25},"alerts":["two nodes are \\"away\\""]}\n\n' +
        frameOf(second.id, 'healthy'));
    // No `connect` event: before them only the position that the stream starts at.
    assert.match(stream.text, /^id: [^\n]+\n\nevent: connectome_health\n/);
  });

  it('ShowsADashboardThatConnectsTheLatestStateAtOnce', async (t) => {
    watch.write(health('down'));
    watch.write(health('degraded', {alerts: ['latest']}));
    const reader = await openStream(t, bridge.url('/api/sse'));
    await reader.events.when((items) => items.some(({data}) => data.includes('latest')), 'the latest');
    const late = await openStream(t, bridge.url('/api/sse'));
    const {data} = await late.next('connectome_health');
    assert.deepEqual(JSON.parse(data).alerts, ['latest']);
    assert.equal(late.events.items.length, 1);
  });

  it('OpensOneCallWithoutWaitingForADashboardAndKeepsItForAll', async (t) => {
    const readers = await Promise.all([1, 2, 3].map(() => openStream(t, bridge.url('/api/sse'))));
    watch.write(health('all'));
    for (const reader of readers) {
      await reader.events.when((items) => items.some(({data}) => data.includes('"all"')), 'the state');
      reader.close();
    }
    assert.equal(backend.calls.items.length, 1);
    assert.equal(watch.cancelled, false);
  });

  it('SkipsAResponseThatIsBrokenAndGoesOn', async (t) => {
    const stream = await openStream(t, bridge.url('/api/sse'));
    watch.write(health('before'));
    await stream.events.when((items) => items.some(({data}) => data.includes('"before"')), 'the first');
    // A time past the year 9999 has no JSON.
    watch.write(health('broken', {timestamp: {seconds: '999999999999999'}}));
    watch.write(health('after'));
    await stream.events.when((items) => items.some(({data}) => data.includes('"after"')), 'the next');
    assert.equal(stream.text.includes('broken'), false);
  });

  it('TellsInItsLogOfConnectsDisconnectsAndErrors', async (t) => {
    const own = await startMonitor(t);
    const logged = await startConnectome(t, own);
    const stream = await openStream(t, logged.url('/api/sse'));
    const line = (pattern) => logged.log.when(
        (lines) => lines.find((text) => pattern.test(text)), String(pattern));
    await line(/stream opened.*connectome\/health/);
    stream.close();
    await line(/stream closed/);
    await own.called();
    own.stop();
    await line(/\bwarn.*health/i);
  });

  it('PingsWithTheMomentOfSending', async (t) => {
    const pinging = await startConnectome(t, backend);
    const stream = await openStream(t, pinging.url('/api/sse'));
    let last = 0;
    for (let n = 0; n < 3; n += 1) {
      const {data} = await stream.next('ping');
      assert.match(data, /^\{"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"\}$/);
      const sent = Date.parse(JSON.parse(data).timestamp);
      assert.ok(sent > last, `${sent} after ${last}`);
      assert.ok(Math.abs(Date.now() - sent) < 2_000, data);
      last = sent;
    }
    assert.match(stream.text, /(^|\n\n)event: ping\n(id: .*\n)?data: \{"timestamp":".*"\}\n\n/);
  });

  it('ClosesRunningStreamsOnceWhenTheBackendFailsAndPingsNewcomersUntilItIsBack', async (t) => {
    const first = await startMonitor(t);
    const closing = await startConnectome(t, first);
    const readers = await Promise.all([1, 2].map(() => openStream(t, closing.url('/api/sse'))));
    (await first.called()).write(health('up'));
    for (const reader of readers) assert.equal(await healthOf(reader), 'up');
    first.stop();
    for (const reader of readers) assert.deepEqual(await reader.ended(), {clean: true});
    // The bridge tries again and fails again; that closes nobody.
    const newcomer = await openStream(t, closing.url('/api/sse'));
    const returning = await openStream(t, closing.url('/api/sse'),
        {lastEventId: readers[0].events.items.at(-1).id});
    await pings(newcomer, 20);
    await pings(returning, 20);
    const second = await startMonitor(t, {port: first.port});
    (await second.called()).write(health('back'));
    for (const reader of [newcomer, returning]) {
      await reader.events.when((items) => items.some(({data}) => data.includes('"back"')), 'the new state');
      assert.equal(reader.outgoing.destroyed, false);
    }
  });

  it('AChromiumDashboardComesBackByItself', async (t) => {
    const first = await startMonitor(t);
    const page = await startWithPage(t, first);
    (await first.called()).write(health('one'));
    await page.client.received('connectome_health', 1);
    await page.client.received('ping', 1);
    first.stop();
    await page.client.events.when(
        (items) => items.some(({type}) => type === 'error'), 'the stream is closed');
    const second = await startMonitor(t, {port: first.port});
    (await second.called()).write(health('two'));
    await page.client.events.when(
        (items) => items.some(({data}) => data?.includes('"two"')), 'the new state', 20_000);
    assert.equal(await page.client.state(), 1);
  });

  async function startWithPage(t, monitor) {
    const browser = await startBrowser(t);
    const {page, origin} = await openPage(t, browser);
    const served = await startConnectome(t, monitor, {CORS_ORIGINS: origin});
    const client = await listen(t, page, served.url('/api/sse'), {types: ['connectome_health', 'ping']});
    return {client};
  }

  it('IsHealthyUnderItsOwnName', async () => {
    const {status, body} = await request(bridge.url('/health'));
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body), {status: 'healthy', service: 'connectome-sse'});
  });

  it('RelaysThePythonBackendOnChangeAndPeriodically', async (t) => {
    const file = path.join(temporaryFolder(t), 'health.json');
    const tell = (status) => writeFileSync(file, JSON.stringify({status, alerts: [], metrics: {active_nodes: 5}}));
    tell('healthy');
    const python = (interval) => startPythonBackend(
        t, 'connectome/backend.py', ['--health', file, '--interval', String(interval)]);
    const served = await startConnectome(t, await python(3600));
    const stream = await openStream(t, served.url('/api/sse'));
    const {data} = await stream.next('connectome_health');
    assert.match(data, new RegExp('^\\{"status":"healthy","timestamp":"[^"]+Z","metrics":\\{"active_nodes":5,' +
        '"active_links":0,"queue_depth":0,"error_rate":0\\},"alerts":\\[\\]\\}$'));
    tell('degraded');
    assert.equal(await healthOf(stream), 'degraded');
    const periodic = await startConnectome(t, await python(0.1));
    const regular = await openStream(t, periodic.url('/api/sse'));
    for (let n = 0; n < 3; n += 1) assert.equal(await healthOf(regular), 'degraded');
  });
});
