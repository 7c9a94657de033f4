// A thousand subscribers that never read cost nothing but their sockets, and disturb nobody.
import assert from 'node:assert/strict';
import net from 'node:net';
import {describe} from 'node:test';
import {eventually, it, openToAll, startBridge} from './harness.mjs';
import {publish} from './grpc.mjs';
import {privateBytes} from './measure.mjs';
import {RawStream} from './raw_stream.mjs';
import {request} from './sse.mjs';

const stalledReaders = 1_000;
const payload = 'x'.repeat(8_000);
const requests = 1_300;
const eventsPerRequest = 10;  // 100 MB in all
const growthMax = 64 * 1024 * 1024;

describe('a thousand readers that never read', () => {
  it('GrowTheProcessByLessThan64MiBAndTheOneThatReadsMissesNothing', async (t) => {
    const bridge = await startBridge(t, {config: {
      ...openToAll, http: {write_timeout: '10m', public_stats: true},
      event_log: {memory: {events_per_topic: 200}},
    }});
    const event = (n) => ({topic: 'room/1', type: 'tick', raw_json: `{"n":${n},"payload":"${payload}"}`});
    const stalled = Array.from({length: stalledReaders}, () => {
      const socket = net.connect(bridge.httpPort, '127.0.0.1');
      socket.on('error', () => {});
      socket.pause();
      socket.write('GET /v1/room/1 HTTP/1.1\r\nHost: x\r\n\r\n');
      t.after(() => socket.destroy());
      return socket;
    });
    let received = 0;
    let faults = 0;
    const reader = new RawStream({port: bridge.httpPort, target: '/v1/room/1', onEvent({event, data}) {
      if (event === 'connect') return;
      if (event !== 'tick' || !data.startsWith(`{"n":${received},`)) faults += 1;
      received += 1;
    }});
    t.after(() => reader.drop());
    const open = async () =>
      (await request(bridge.url('/v1/stats'))).json().subscribers.total === stalledReaders + 1;
    await eventually(open, 'all streams are open', 30_000);
    const before = privateBytes(bridge.pid);

    for (let sent = 0; sent < requests * eventsPerRequest;) {
      await publish(bridge, Array.from({length: eventsPerRequest}, () => event(sent++)));
      // The reader sets the pace, so that whatever it misses is the bridge's fault.
      await eventually(() => received > sent - 100 || faults, `event ${sent}; it got ${received}`, 30_000);
    }
    await eventually(() => received === requests * eventsPerRequest || faults, 'the last event', 30_000);
    const growth = privateBytes(bridge.pid) - before;
    console.log(`1,000 stalled readers: ${(growth / 2 ** 20).toFixed(1)} MiB more`);
    assert.equal(faults, 0);
    assert.ok(stalled.every((socket) => !socket.destroyed && socket.bytesRead === 0),
        'they are still connected and have read nothing');
    assert.ok(growth < growthMax, `${growth} bytes`);
  }, {timeout: 300_000});
});
