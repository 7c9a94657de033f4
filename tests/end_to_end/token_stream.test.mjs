// The second example, a chat's tokens: deploy/examples/token-stream.yaml does what the service it replaces
// documents, with the frames of that document.
import assert from 'node:assert/strict';
import path from 'node:path';
import {after, before, describe} from 'node:test';
import {CLOSED, openPage, startBrowser} from './browser.mjs';
import {Feed, it, scope, startBridge} from './harness.mjs';
import {publish, publishStream, status} from './grpc.mjs';
import {openStream, request} from './sse.mjs';
import {examples, pack, withoutIds} from './typed.mjs';

const message = pack('token-stream');
const configFile = path.join(examples, 'token-stream.yaml');
const start = (t, env = {}) => startBridge(t, {configFile, env});

// What services publish for one chat message of a session.
function chat(session, id) {
  const event = (payload, more = {}) => ({
    topic: `session/${session}`, attributes: {chat_message_id: id}, message: payload, ...more,
  });
  return {
    token: (text) => event(message('token_stream.v1.Token', {token: text})),
    error: (text) => event(message('token_stream.v1.Error', {error: text})),
    end: () => event(message('token_stream.v1.End')),
  };
}

const data = (events) => events.map((event) => event.data);

describe('token-stream', () => {
  const shared = scope();
  let bridge;
  before(async () => {
    bridge = await start(shared);
  });
  after(() => shared.end());

  it('SendsTheFramesOfTheDocument', async (t) => {
    const {token, end} = chat('golden', 'm1');
    await publish(bridge, [token('Hello'), token(' wor\nld "quoted"'), token(''), end()]);
    const stream = await openStream(t, bridge.url('/api/stream/golden/m1'));
    assert.deepEqual(await stream.ended(), {clean: true});
    assert.equal(withoutIds(stream.text),
        'data: {"token":"Hello"}\n\n' +
        'data: {"token":" wor\\nld \\"quoted\\""}\n\n' +
        'data: {"token":""}\n\n' +
        'data: __END__\n\n');
    // Every frame can be resumed from.
    assert.equal(stream.events.items.every(({id}) => id), true);
  });

  it('TellsAnErrorAndEnds', async (t) => {
    const {token, error} = chat('failing', 'm1');
    const stream = await openStream(t, bridge.url('/api/stream/failing/m1'));
    await publish(bridge, [token('a'), error('message')]);
    await stream.ended();
    assert.equal(withoutIds(stream.text), 'data: {"token":"a"}\n\ndata: {"error":"message"}\n\n');
  });

  it('DeliversOnlyTheAskedMessageFromItsFirstTokenToEveryReader', async (t) => {
    const [one, two] = [chat('s', 'm1'), chat('s', 'm2')];
    await publish(bridge, [one.token('a'), two.token('x'), one.token('b')]);
    const readers = await Promise.all(
        [1, 2, 3].map(() => openStream(t, bridge.url('/api/stream/s/m1'))));
    await publish(bridge, [two.token('y'), one.token('c'), one.end(), two.token('z')]);
    for (const reader of readers) {
      await reader.ended();
      assert.deepEqual(data(reader.events.items),
          ['{"token":"a"}', '{"token":"b"}', '{"token":"c"}', '__END__']);
    }
    // The end was the message's, not the session's.
    const next = await openStream(t, bridge.url('/api/stream/s/m2'));
    await publish(bridge, [two.end()]);
    await next.ended();
    assert.deepEqual(data(next.events.items),
        ['{"token":"x"}', '{"token":"y"}', '{"token":"z"}', '__END__']);
  });

  it('AnswersALateJoinerWithEverythingAndAReturningOneWith204', async (t) => {
    const {token, end} = chat('late', 'm1');
    await publish(bridge, [token('a'), end()]);
    const late = await openStream(t, bridge.url('/api/stream/late/m1'));
    await late.ended();
    assert.deepEqual(data(late.events.items), ['{"token":"a"}', '__END__']);
    const lastEventId = late.events.items.at(-1).id;
    const again = await request(bridge.url('/api/stream/late/m1'),
        {headers: {'last-event-id': lastEventId}});
    assert.equal(again.status, 204);
  });

  it('RefusesBrokenBytesToTheirPublisherAndGoesOn', async (t) => {
    const {token, end} = chat('broken', 'm1');
    const stream = await openStream(t, bridge.url('/api/stream/broken/m1'));
    const feed = publishStream(t, bridge);
    const broken = token('x');
    broken.message.value = Buffer.from([0x0a, 0xff]);
    await feed.send([token('a')]);
    await feed.send([broken]);
    await feed.send([token('b'), end()]);
    const answers = await feed.results.when((items) => items.length >= 3 && items, 'three answers');
    assert.deepEqual(answers.map(({status: answer}) => answer?.code ?? 0),
        [0, status.INVALID_ARGUMENT, 0]);
    await stream.ended();
    assert.deepEqual(data(stream.events.items), ['{"token":"a"}', '{"token":"b"}', '__END__']);
    await bridge.log.when((lines) => lines.some((line) => /events\[0\]\.message/.test(line)),
        'it is logged');
  });

  it('IsHealthyUnderItsOwnName', async () => {
    const health = await request(bridge.url('/health'));
    assert.equal(health.status, 200);
    assert.deepEqual(health.json(), {status: 'healthy', service: 'sse-service'});
  });

  it('TakesItsOriginsAndLogLevelFromTheEnvironment', async (t) => {
    const configured = await start(t,
        {CORS_ORIGINS: 'https://one.example, https://two.example', LOG_LEVEL: 'DEBUG'});
    const ask = async (origin) => (await request(configured.url('/api/stream/s/m'),
        {method: 'HEAD', headers: {origin}})).headers['access-control-allow-origin'];
    assert.equal(await ask('https://one.example'), 'https://one.example');
    assert.equal(await ask('https://two.example'), 'https://two.example');
    assert.equal(await ask('https://three.example'), undefined);
  });

  it('AChromiumPageShowsTheAnswerAndStops', async (t) => {
    const browser = await startBrowser(t);
    const {page} = await openPage(t, browser, {url: bridge.url('/health')});
    const seen = new Feed();
    await page.exposeFunction('report', (text) => seen.push(text));
    const {token, end} = chat('page', 'm1');
    await publish(bridge, [token('Hel')]);
    await page.evaluate(() => {
      const source = new EventSource('/api/stream/page/m1');
      window.answer = '';
      source.onmessage = (event) => {
        if (event.data === '__END__') return window.report(`end of: ${window.answer}`);
        const {token, error} = JSON.parse(event.data);
        window.answer += token ?? error;
        return window.report(window.answer);
      };
      source.onerror = () => window.report(`state ${source.readyState}`);
    });
    await seen.when((items) => items.includes('Hel'), 'the first token');
    await publish(bridge, [token('lo\nthere'), end()]);
    await seen.when((items) => items.includes('end of: Hello\nthere'), 'the end');
    // It comes back by itself, once, and is told to stay away.
    await seen.when((items) => items.includes(`state ${CLOSED}`), '204', 20_000);
  });
});
