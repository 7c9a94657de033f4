// The first example, an assistant's conversations: deploy/examples/cortex.yaml does what the service it
// replaces documents, with the frames of that document and its own client snippet (snippets/cortex.js).
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {after, before, describe} from 'node:test';
import {startBrowser} from './browser.mjs';
import {eventually, Feed, it, scope, startBridge, startExampleAuthorizer, token} from './harness.mjs';
import {publish} from './grpc.mjs';
import {openStream, request} from './sse.mjs';
import {examples, pack} from './typed.mjs';

const message = pack('cortex');
const snippet = readFileSync(
    path.join(path.dirname(fileURLToPath(import.meta.url)), 'snippets/cortex.js'), 'utf8');
const ada = token('ada');
const operator = token('operator');
// The one that the document's client has in its source.
const documented = 'your_auth_token';

const greeting = {
  topic: 'conversation/123456',
  message: message('cortex.v1.MessageReceived', {
    message_id: 'm1', conversation_id: '123456', sender_id: 'ada', content: 'Hello\nthere',
    timestamp: {seconds: Date.parse('2026-01-02T03:04:05Z') / 1000},
  }),
};

describe('cortex', () => {
  const shared = scope();
  let bridge;
  before(async () => {
    const authorizer = await startExampleAuthorizer(shared, {
      [ada]: {subject: 'ada', subscribe: ['conversation/*', 'workspace/1', 'user/{subject}']},
      [documented]: {subject: 'page', subscribe: ['conversation/123456']},
      [operator]: {subject: 'operator', stats: true},
    });
    bridge = await startBridge(shared, {
      configFile: path.join(examples, 'cortex.yaml'), env: {AUTHORIZER: authorizer.address},
      secrets: [documented],
    });
  });
  after(() => shared.end());

  it('SendsTheFramesOfTheDocument', async (t) => {
    const stream = await openStream(t, bridge.url(`/v1/conversation/123456?token=${ada}`));
    const connect = await stream.next('connect');
    assert.equal(stream.text, `event: connect\nid: ${connect.id}\ndata: ${connect.data}\n\n`);
    assert.ok(JSON.parse(connect.data));
    const [id, custom] = await publish(bridge, [
      greeting, {topic: 'conversation/123456', type: 'typing', json: {isTyping: false}}]);
    await stream.take(2);
    assert.equal(stream.text.split('\n\n').slice(1).join('\n\n'),
        `event: message_received\nid: ${id}\n` +
        'data: {"message_id":"m1","conversation_id":"123456","sender_id":"ada",' +
        '"content":"Hello\\nthere","timestamp":"2026-01-02T03:04:05Z"}\n\n' +
        `event: typing\nid: ${custom}\ndata: {"isTyping":false}\n\n`);
  });

  it('SendsStatusUpdatesOfConversationsAndWorkspaces', async (t) => {
    const targets = ['conversation/9', 'workspace/1'];
    for (const topic of targets) {
      const stream = await openStream(t, bridge.url(`/v1/${topic}?token=${ada}`));
      await stream.next('connect');
      await publish(bridge, [{topic, message: message('cortex.v1.StatusUpdate', {
        resource_id: topic.split('/')[1], status: 'ready',
      })}]);
      const {data} = await stream.next('status_update');
      assert.equal(JSON.parse(data).status, 'ready');
      // A field that was not set arrives all the same.
      assert.equal(JSON.parse(data).detail, '');
    }
  });

  it('SendsAHeartbeatSoThatADeadConnectionIsFound', async (t) => {
    const stream = await openStream(t, bridge.url(`/v1/user/ada?token=${ada}`));
    const {data} = await stream.next('heartbeat', 20_000);
    assert.match(JSON.parse(data).timestamp, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('NeedsATokenOnEveryEndpointAndChecksEachResource', async () => {
    const statusOf = async (target) => (await request(bridge.url(target))).status;
    assert.equal(await statusOf('/v1/conversation/1'), 401);
    assert.equal(await statusOf(`/v1/conversation/1?token=${token('unknown')}`), 401);
    assert.equal(await statusOf(`/v1/workspace/2?token=${ada}`), 403);
    assert.equal(await statusOf(`/v1/user/bob?token=${ada}`), 403);
    assert.equal(await statusOf(`/v1/conversation/1?token=${documented}`), 403);
    assert.equal(await statusOf('/v1/stats'), 401);
    assert.equal(await statusOf(`/v1/stats?token=${ada}`), 403);
    assert.equal(await statusOf(`/v1/stats?token=${operator}`), 200);
  });

  it('KnowsNoOtherChannelTypeWithOrWithoutAToken', async () => {
    for (const target of ['/v1/room/1', `/v1/room/1?token=${ada}`, '/v1/events?topic=room/1']) {
      assert.equal((await request(bridge.url(target))).status, 404, target);
    }
  });

  it('CountsActiveConnectionsInTotalPerChannelTypeAndPerResource', async (t) => {
    const counts = async () =>
      (await request(bridge.url(`/v1/stats?token=${operator}`))).json().subscribers;
    const streams = [];
    for (const topic of ['conversation/count', 'conversation/count', 'workspace/1']) {
      streams.push(await openStream(t, bridge.url(`/v1/${topic}?token=${ada}`)));
    }
    const settled = await eventually(async () => {
      const {total, by_channel_type: types, by_topic: topics} = await counts();
      return total === 3 && {types, topics};
    }, 'three connections');
    assert.deepEqual(settled.types, {conversation: 2, workspace: 1});
    assert.deepEqual(settled.topics, {'conversation/count': 2, 'workspace/1': 1});
    streams[0].close();
    await eventually(async () => (await counts()).by_topic['conversation/count'] === 1,
        'a vanished client leaves the count');
  });

  it('TheDocumentsOwnClientRunsUnchangedInChromium', async (t) => {
    const browser = await startBrowser(t);
    const page = await browser.newPage();
    const lines = new Feed();
    page.on('console', (line) => lines.push(line.text()));
    page.on('pageerror', (error) => lines.push(String(error)));
    await page.route(bridge.url('/page'), (route) => route.fulfill({
      contentType: 'text/html', body: `<!doctype html><title>cortex</title><script>${snippet}</script>`,
    }));
    await page.goto(bridge.url('/page'));
    await lines.when((items) => items.some((line) => line.startsWith('Connected to SSE stream')), 'connect');
    await publish(bridge, [greeting]);
    await lines.when((items) => items.some((line) => /^New message:.*Hello/.test(line)), 'the message');
    assert.deepEqual(lines.items.filter((line) => /error/i.test(line)), []);
  });
});
