// Chromium's own EventSource against the bridge.
import assert from 'node:assert/strict';
import {after, before, describe} from 'node:test';
import {CLOSED, listen, openPage, startBrowser} from './browser.mjs';
import {freePort, it, openToAll, scope, startBridge, startProxy, token} from './harness.mjs';
import {allow, publish, startAuthorizer} from './grpc.mjs';

const quick = {...openToAll, http: {cors: {origins: ['*']}}, defaults: {retry: '50ms'}};
const tick = (n) => ({topic: 'conversation/7', type: 'tick', json: {n}});
const numbers = (events) => events.map(({data}) => JSON.parse(data).n);
const target = '/v1/conversation/7';
const lastEventIds = ({requests}) => requests.map((headers) => headers['Last-Event-ID'] ?? headers['last-event-id']);

describe('EventSource in Chromium', () => {
  const shared = scope();
  let browser;
  before(async () => {
    browser = await startBrowser(shared);
  });
  after(() => shared.end());

  it('ReceivesTypeIdAndData', async (t) => {
    const bridge = await startBridge(t, {config: quick});
    const {page} = await openPage(t, browser);
    const client = await listen(t, page, bridge.url(target), {types: ['tick']});
    const [connect] = await client.received('connect', 1);
    assert.deepEqual(JSON.parse(connect.data), {topics: ['conversation/7']});
    const ids = await publish(bridge, [tick(1), {topic: 'conversation/7', text: 'a\nb'}]);
    assert.deepEqual(await client.received('tick', 1), [{type: 'tick', data: '{"n":1}', id: ids[0]}]);
    assert.deepEqual(await client.received('message', 1), [{type: 'message', data: 'a\nb', id: ids[1]}]);
  });

  it('SendsLastEventIdAndResumesWithoutLossOrRepeatWhenItsConnectionBreaks', async (t) => {
    const bridge = await startBridge(t, {config: quick});
    const proxy = await startProxy(t, bridge.httpPort);
    const {page} = await openPage(t, browser);
    const client = await listen(t, page, proxy.url(target), {types: ['tick']});
    await client.received('connect', 1);
    const ids = await publish(bridge, [tick(1), tick(2)]);
    await client.received('tick', 2);
    proxy.cut();
    await publish(bridge, [tick(3), tick(4)]);
    assert.deepEqual(numbers(await client.received('tick', 4)), [1, 2, 3, 4]);
    assert.deepEqual(client.events.items.filter(({type}) => type === 'gap'), []);
    assert.ok(lastEventIds(client).includes(ids[1]), JSON.stringify(client.requests));
  });

  it('ComesBackAfterTheBridgeWasRestartedAndIsToldOfTheGap', async (t) => {
    const [httpPort, grpcPort] = [await freePort(), await freePort()];
    const first = await startBridge(t, {config: quick, httpPort, grpcPort});
    const {page} = await openPage(t, browser);
    const client = await listen(t, page, first.url(target), {types: ['tick']});
    await client.received('connect', 1);
    const [id] = await publish(first, [tick(1)]);
    await client.received('tick', 1);
    assert.equal((await first.stop('SIGTERM')).code, 0);
    const second = await startBridge(t, {config: quick, httpPort, grpcPort});
    const [gap] = await client.received('gap', 1);
    assert.match(gap.data, new RegExp(id));
    await publish(second, [tick(2)]);
    assert.deepEqual(numbers(await client.received('tick', 2)), [1, 2]);
  });

  it('StopsForGoodAtTheEndOfTheStream', async (t) => {
    const bridge = await startBridge(t, {config: quick});
    const {page} = await openPage(t, browser);
    const client = await listen(t, page, bridge.url(target), {types: ['tick', 'end']});
    await client.received('connect', 1);
    await publish(bridge, [tick(1), {topic: 'conversation/7', type: 'end', json: {}, end_of_stream: true}]);
    await client.received('end', 1);
    await client.events.when((items) => items.some(({type, state}) => type === 'error' && state === CLOSED),
        '204 closes it');
    assert.equal(await client.state(), CLOSED);
  });

  it('SendsItsCookieAcrossOriginsToAnAllowedOne', async (t) => {
    const cookie = token('cookie');
    const authorizer = await startAuthorizer(t, ({credential}) =>
      credential === cookie ? allow({subject: 'ada'}) : {decision: 'DECISION_DENY_UNAUTHENTICATED'});
    const {page, origin} = await openPage(t, browser, {cookie: `session=${cookie}; SameSite=Lax`});
    const bridge = await startBridge(t, {config: {
      authorizer: {grpc: {address: authorizer.address}},
      http: {cors: {origins: [origin], credentials: true}, credentials: {cookies: ['session']}},
    }});
    const client = await listen(t, page, bridge.url(target), {types: ['tick'], withCredentials: true});
    await client.received('connect', 1);
    await publish(bridge, [tick(1)]);
    assert.deepEqual(numbers(await client.received('tick', 1)), [1]);
    assert.equal(authorizer.asked.items[0].credential, cookie);
  });

  it('GetsNothingOnADisallowedOrigin', async (t) => {
    const bridge = await startBridge(t, {config: {
      ...openToAll, http: {cors: {origins: ['https://app.example']}},
    }});
    const {page} = await openPage(t, browser);
    const client = await listen(t, page, bridge.url(target));
    const [error] = await client.received('error', 1);
    assert.equal(error.state, CLOSED);
    assert.equal(client.events.items.length, 1);
  });

  it('StaysAliveWhileTheAuthorizerIsAwayAndConnectsWhenItIsBack', async (t) => {
    const port = await freePort();
    const {page, origin} = await openPage(t, browser);
    const bridge = await startBridge(t, {config: {
      authorizer: {grpc: {address: `127.0.0.1:${port}`, deadline: '1s'}},
      http: {cors: {origins: [origin]}},
    }});
    const client = await listen(t, page, bridge.url(`${target}?token=${token('page')}`));
    const [error] = await client.received('error', 1);
    assert.notEqual(error.state, CLOSED);
    await startAuthorizer(t, () => allow(), {port});
    await client.received('connect', 1, 40_000);
  });

  it('GivesUpOn401And403AsThePlatformSaysAndNamesTheStatusToFetch', async (t) => {
    const authorizer = await startAuthorizer(t, ({credential}) => ({
      decision: credential ? 'DECISION_DENY_FORBIDDEN' : 'DECISION_DENY_UNAUTHENTICATED',
    }));
    const {page, origin} = await openPage(t, browser);
    const bridge = await startBridge(t, {config: {
      authorizer: {grpc: {address: authorizer.address}}, http: {cors: {origins: [origin]}},
    }});
    const client = await listen(t, page, bridge.url(target));
    assert.equal((await client.received('error', 1))[0].state, CLOSED);
    const statuses = await page.evaluate(async ({url, bearer}) => {
      const none = await fetch(url);
      // A preflight goes first for these two headers.
      const bad = await fetch(url, {headers: {'Authorization': `Bearer ${bearer}`, 'Last-Event-ID': 'x'}});
      return [none.status, bad.status];
    }, {url: bridge.url(target), bearer: token('fetch')});
    assert.deepEqual(statuses, [401, 403]);
  });

  it('LetsAFetchClientSendItsTokenAndItsLastIdAcrossOrigins', async (t) => {
    const bearer = token('fetch');
    const authorizer = await startAuthorizer(t, ({credential}) =>
      credential === bearer ? allow() : {decision: 'DECISION_DENY_UNAUTHENTICATED'});
    const {page, origin} = await openPage(t, browser);
    const bridge = await startBridge(t, {config: {
      authorizer: {grpc: {address: authorizer.address}}, http: {cors: {origins: [origin]}},
    }});
    const [first] = await publish(bridge, [tick(1), tick(2)]);
    const seen = await page.evaluate(async ({url, bearer, first}) => {
      const response = await fetch(url, {headers: {
        'Accept': 'text/event-stream', 'Authorization': `Bearer ${bearer}`, 'Last-Event-ID': first,
      }});
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      while (!text.includes('"n":2')) text += (await reader.read()).value;
      await reader.cancel();
      return text;
    }, {url: bridge.url(target), bearer, first});
    assert.doesNotMatch(seen, /"n":1/);
  });

  it('ReadsTheDemoPage', async (t) => {
    const bridge = await startBridge(t, {config: null, args: ['--dev']});
    const {page} = await openPage(t, browser, {url: bridge.url('/')});
    const errors = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    assert.match(await page.title(), /sluice/i);
    assert.deepEqual(errors, []);
  });
});
