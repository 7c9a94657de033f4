// The clients of deploy/examples/multi-agent.yaml in Chromium: the guide's own snippets, unchanged
// (snippets/multi_agent_*.ts), and the page that comes with the example.
import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {after, before, describe} from 'node:test';
import typescript from 'typescript';
import {startBrowser} from './browser.mjs';
import {status} from './grpc.mjs';
import {Feed, it, scope, startBridge, startWebServer} from './harness.mjs';
import {examples, fail, startBackend} from './typed.mjs';

const configFile = path.join(examples, 'multi-agent.yaml');
const clientFolder = path.join(examples, 'multi-agent/client');
const snippets = path.join(path.dirname(fileURLToPath(import.meta.url)), 'snippets');

// TypeScript's types taken out, and nothing else done to it.
function scriptOf(...files) {
  const source = files.map((file) => readFileSync(path.join(snippets, file), 'utf8')).join('\n');
  return typescript.transpileModule(source, {
    compilerOptions: {target: 'es2022', module: 'esnext'},
  }).outputText;
}

const text = (content) => ({text: {content, timestamp: {seconds: 1}}});
const contentOf = (n) => ({type: 'text', content: `${n}`, timestamp: '1970-01-01T00:00:01Z'});

// A web server in front of the bridge, as a site has one: it has the page, and can be told to answer 502
// or to break what it carries.
async function startSite(t, bridge, page) {
  const carried = new Set();
  const site = {away: false, asked: 0};
  const web = await startWebServer(t, (incoming, response) => {
    if (incoming.url === '/') {
      response.writeHead(200, {'content-type': 'text/html'});
      return response.end(page);
    }
    if (!incoming.url.startsWith('/api/')) return response.writeHead(204).end();
    site.asked += 1;
    if (site.away) return response.writeHead(502).end();
    const outgoing = http.request(bridge.url(incoming.url),
        {method: incoming.method, headers: incoming.headers, agent: false});
    outgoing.on('response', (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.on('error', () => response.destroy());
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    response.on('close', () => outgoing.destroy());
    carried.add(response);
    response.on('close', () => carried.delete(response));
    return incoming.pipe(outgoing);
  });
  site.url = `${web.origin}/`;
  site.cut = () => carried.forEach((response) => response.destroy());
  return site;
}

// From now on the page's timers go on only when the test says so.
async function stopClock(page) {
  await page.clock.install({time: 0});
  await page.clock.pauseAt(1_000);
}

describe('clients of multi-agent', () => {
  const shared = scope();
  let browser;
  let backend;
  let bridge;
  let origin;  // of the example's page, which is another than the bridge's
  let calls = 0;
  before(async () => {
    browser = await startBrowser(shared);
    backend = await startBackend(shared, 'multi-agent', 'multi_agent.v1.HealthAnalyst', 'ProcessQuery');
    ({origin} = await startWebServer(shared, (incoming, response) => {
      const {pathname} = new URL(incoming.url, 'http://page');
      const file = path.join(clientFolder, pathname === '/' ? 'index.html' : pathname);
      if (!existsSync(file)) return response.writeHead(204).end();
      response.writeHead(200, {'content-type': file.endsWith('.js') ? 'text/javascript' : 'text/html'});
      return response.end(readFileSync(file));
    }));
    bridge = await startBridge(shared, {configFile, env: {BACKEND: backend.address, CORS_ORIGINS: origin}});
  });
  after(() => shared.end());

  const nextCall = () => backend.called(calls += 1);
  const answer = async (updates) => {
    const call = await nextCall();
    for (const update of updates) call.write(update);
    call.end();
    return call;
  };

  // A page whose console comes into `lines` as [text, value of the second argument].
  async function open(t, url, {clock = false} = {}) {
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    if (clock) await stopClock(page);
    const lines = new Feed();
    let last = Promise.resolve();  // in the order in which the page said it
    page.on('console', (line) => {
      last = last.then(async () => {
        const values = await Promise.all(line.args().map((arg) => arg.jsonValue().catch(() => undefined)));
        lines.push([String(values[0] ?? line.text()), values[1]]);
      });
    });
    page.on('pageerror', (error) => lines.push([`page error: ${error}`]));
    await page.goto(url);
    const said = (what, count = 1) => lines.when(
        (items) => items.filter(([first]) => first === what).length >= count, `${count} × ${what}`, 20_000);
    return {page, lines, said};
  }
  const modulePage = (script) =>
    `<!doctype html><title>page</title><script type="module">${script}</script>`;
  const received = (lines) => lines.items.filter(([first]) => first === 'Received:').map(([, data]) => data);

  const service = modulePage(scriptOf('multi_agent_sse.ts', 'multi_agent_test.ts'));
  const fetching = modulePage(`${scriptOf('multi_agent_fetch.ts')}
    await streamChat('test message', (data) => console.log('Received:', data));
    console.log('Complete');`);

  it('TheGuidesEventSourceServiceRunsUnchanged', async (t) => {
    const site = await startSite(t, bridge, service);
    const {lines, said} = await open(t, site.url);
    const call = await answer([text('0'), text('1'), {specialist_update: {
      specialist: 'cardiology', status: 'started', timestamp: {seconds: 1}}}]);
    assert.equal(call.request.message, 'test message');
    await said('Complete');
    assert.deepEqual(received(lines), [contentOf(0), contentOf(1), {
      type: 'specialist_update', specialist: 'cardiology', status: 'started',
      timestamp: '1970-01-01T00:00:01Z'}]);
    assert.equal(lines.items.length, 4, JSON.stringify(lines.items));
  });

  it('TheGuidesFetchClientRunsUnchanged', async (t) => {
    const site = await startSite(t, bridge, fetching);
    const {lines, said} = await open(t, site.url);
    const call = await answer([text('0'), text('ü😀\n\n'), text('')]);
    assert.equal(call.request.message, 'test message');
    await said('Complete');
    assert.deepEqual(received(lines), [contentOf(0), contentOf('ü😀\n\n'), contentOf('')]);
    assert.equal(lines.items.length, 4, JSON.stringify(lines.items));
  });

  it('TheGuidesEventSourceServiceTriesThreeTimesAndStartsToCountAnewWhenConnected', async (t) => {
    const site = await startSite(t, bridge, service);
    site.away = true;
    const {page, said} = await open(t, site.url, {clock: true});
    await reconnects(page, site, (count) => said('Error:', count), () => said('Received:'));
  });

  it('TheGuidesClientsShowEverythingInOrderOnAThrottledLink', async (t) => {
    for (const script of [service, fetching]) {
      const site = await startSite(t, bridge, '<!doctype html><title>page</title>');
      const {page, lines, said} = await open(t, site.url);
      await throttle(page);
      await page.evaluate((source) => {
        const element = document.createElement('script');
        element.type = 'module';
        element.textContent = source;
        document.body.append(element);
      }, script.match(/<script type="module">([^]*)<\/script>/)[1]);
      const call = await nextCall();
      const began = Date.now();
      call.write(text('0'));
      // The first is there before the others are even made.
      await said('Received:');
      const filling = 'x'.repeat(1_000);
      for (let n = 1; n <= 60; n += 1) call.write(text(`${n}${filling}`));
      call.end();
      await said('Complete');
      assert.deepEqual(received(lines).map(({content}) => content.replaceAll('x', '')),
          Array.from({length: 61}, (_, n) => `${n}`));
      // 60 KB at 30 KB/s: the link was slow indeed.
      assert.ok(Date.now() - began > 1_500, `${Date.now() - began} ms`);
    }
  });
  async function throttle(page) {
    const network = await page.context().newCDPSession(page);
    await network.send('Network.enable');
    await network.send('Network.emulateNetworkConditions', {
      offline: false, latency: 150, downloadThroughput: 30_000, uploadThroughput: 30_000,
    });
  }

  // `gaveUp(n)` resolves when the client has said n times that its EventSource gave up.
  async function reconnects(page, site, gaveUp, connected) {
    await gaveUp(1);
    assert.equal(site.asked, 1);
    // After 3 seconds, once.
    site.away = false;
    await page.clock.runFor(2_999);
    assert.equal(site.asked, 1);
    await page.clock.runFor(1);
    const call = await nextCall();
    call.write(text('0'));
    await connected();
    // It is connected; then the connection breaks and nothing is there for the browser to come back to.
    site.away = true;
    site.cut();
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await gaveUp(1 + attempt);
      const before = site.asked;
      await page.clock.runFor(3_000 * attempt - 1);
      assert.equal(site.asked, before, `before attempt ${attempt}`);
      await page.clock.runFor(1);
    }
    await gaveUp(5);
    assert.equal(site.asked, 6, 'the first, one again, the browser\'s own, and three more');
    await page.clock.runFor(600_000);
    assert.equal(site.asked, 6);
  }

  // The page on its own origin, which the example allows.
  async function openClient(t, {bridgeUrl = bridge.url(''), clock} = {}) {
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    if (clock) await stopClock(page);
    const problems = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    await page.goto(`${origin}/?bridge=${encodeURIComponent(bridgeUrl)}`);
    const state = async (wanted) => {
      await page.locator('#state').filter({hasText: wanted}).waitFor({timeout: 20_000});
    };
    const ask = (how) => page.getByRole('button', {name: how}).click();
    return {page, problems, state, ask, answer: () => page.locator('#answer').textContent()};
  }

  it('TheExamplesPageShowsTheAnswerAndTheStateOfItsConnection', async (t) => {
    const {page, problems, state, ask, answer: shown} = await openClient(t);
    await state('closed');
    for (const [how, began] of [['Ask (EventSource)', 'connected'], ['Ask (fetch)', 'connected']]) {
      await ask(how);
      const call = await nextCall();
      assert.equal(call.request.message, 'my heart rate');
      call.write({specialist_update: {specialist: 'cardiology', status: 'started'}});
      await state(began);
      call.write({tool_call: {tool: 'lab', arguments: {fields: [{key: 'months', value: {number_value: 6}}]}}});
      call.write(text('All '));
      call.write(text('is well.'));
      call.end();
      await state('done');
      assert.equal(await shown(), 'All is well.');
      assert.deepEqual(await page.locator('#steps li').allTextContents(),
          ['cardiology: started', 'lab {"months":6}']);
    }
    assert.deepEqual(problems, []);
  });

  it('TheExamplesPageShowsWhatTheBackendFailedOf', async (t) => {
    const {state, ask} = await openClient(t);
    for (const how of ['Ask (EventSource)', 'Ask (fetch)']) {
      await ask(how);
      const call = await nextCall();
      call.write(text('a'));
      await state('connected');
      fail(call, status.INTERNAL, 'the model is away');
      await state('failed: the model is away');
    }
  });

  it('TheExamplesPageBeginsAnewWhenItsConnectionBreaks', async (t) => {
    const site = await startSite(t, bridge, '');
    const {state, ask, answer: shown} = await openClient(t, {bridgeUrl: site.url.slice(0, -1)});
    await ask('Ask (EventSource)');
    (await nextCall()).write(text('All is w'));
    await state('connected');
    site.cut();
    const again = await nextCall();
    again.write(text('All is well.'));
    again.end();
    await state('done');
    assert.equal(await shown(), 'All is well.');
  });

  it('TheExamplesPageTriesThreeTimesAndStartsToCountAnewWhenConnected', async (t) => {
    const site = await startSite(t, bridge, '');
    site.away = true;
    const {page, state, ask} = await openClient(t, {bridgeUrl: site.url.slice(0, -1), clock: true});
    await ask('Ask (EventSource)');
    const shown = ['in 3000 ms', 'in 3000 ms', 'in 6000 ms', 'in 9000 ms', 'failed: no connection'];
    await reconnects(page, site, (count) => state(shown[count - 1]), () => state('connected'));
  });
  it('BothFetchClientsReadAStreamInPiecesAndSkipAndReportWhatIsNotJson', async (t) => {
    const frames = 'event: message\ndata: {"content":"ü😀"}\n\nevent: message\ndata: {"content":\n\n' +
        ': a comment\n\nevent: message\ndata: {"content":"after"}\n\n';
    const pieces = [...Buffer.from(frames)].map((byte) => Buffer.of(byte));
    const own = readFileSync(path.join(clientFolder, 'stream-chat.js'), 'utf8');
    const page = (script, more) => modulePage(`${script}
        await streamChat('x', (data) => console.log('Received:', data)${more});
        console.log('Complete');`);
    for (const [script, problem] of [
      [page(scriptOf('multi_agent_fetch.ts'), ''), 'Failed to parse:'],
      [page(own, ', {onProblem: (error, data) => console.log(\'skipped\', data)}'), 'skipped'],
    ]) {
      const web = await startWebServer(t, async (incoming, response) => {
        if (incoming.method === 'GET') {
          response.writeHead(200, {'content-type': 'text/html; charset=utf-8'});
          return response.end(script);
        }
        response.writeHead(200, {'content-type': 'text/event-stream'});
        for (const piece of pieces) {
          response.write(piece);
          await new Promise(setImmediate);
        }
        return response.end();
      });
      const {lines, said} = await open(t, `${web.origin}/`);
      await said('Complete');
      assert.deepEqual(received(lines), [{content: 'ü😀'}, {content: 'after'}]);
      assert.equal(lines.items.filter(([first]) => first === problem).length, 1, JSON.stringify(lines.items));
    }
  });
});
