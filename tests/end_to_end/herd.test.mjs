// Ten thousand clients of one credential that come back at once: what that costs the authorizer.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import net from 'node:net';
import {eventually, it, startBridge, token, within} from './harness.mjs';
import {allow, publish, startAuthorizer} from './grpc.mjs';

const CLIENTS = 10_000;
const HERD = token('herd');

// A stream that counts its frames, and no more: there are thousands.
function follow(t, port) {
  const socket = net.connect({port, host: '127.0.0.1', noDelay: true});
  const stream = {status: 0, ticks: 0, socket};
  let head = '';
  socket.setEncoding('latin1');
  socket.on('error', () => {});
  stream.closed = once(socket, 'close');
  stream.closed.catch(() => {});
  socket.on('data', (text) => {
    if (!stream.status) {
      head += text;
      stream.status = Number(head.match(/^HTTP\/1\.1 (\d{3})/)?.[1] ?? 0);
    }
    stream.ticks += text.split('event: tick').length - 1;
  });
  socket.write('GET /v1/room/1 HTTP/1.1\r\nHost: sluice\r\n' +
      `Authorization: Bearer ${HERD}\r\nAccept: text/event-stream\r\n\r\n`);
  t.after(() => socket.destroy());
  return stream;
}

it('CostsOneQuestion', async (t) => {
  const authorizer = await startAuthorizer(t, async ({action}) => {
    // So long that the whole herd is waiting for one answer.
    if (action === 'ACTION_SUBSCRIBE') await new Promise((resolve) => setTimeout(resolve, 1500));
    return allow({subject: 'herd'});
  });
  const bridge = await startBridge(t, {config: {
    authorizer: {grpc: {address: authorizer.address, deadline: '20s'}},
    access: {cache: {allowed: '5m'}},
    limits: {sessions: CLIENTS + 100},
  }});
  const subscribing = () =>
    authorizer.asked.items.filter(({action}) => action === 'ACTION_SUBSCRIBE').length;
  for (let round = 1; round <= 2; ++round) {
    const streams = [];
    for (let n = 0; n < CLIENTS; ++n) {
      streams.push(follow(t, bridge.httpPort));
      if (n % 200 === 199) await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => streams.every(({status}) => status), 'every client has an answer', 60_000);
    assert.ok(streams.every(({status}) => status === 200), 'every client has a stream');
    await publish(bridge, [{topic: 'room/1', type: 'tick', json: round}]);
    await eventually(() => streams.every(({ticks}) => ticks === 1), 'every client has the event', 60_000);
    assert.equal(subscribing(), 1, `${subscribing()} questions for ${round * CLIENTS} streams`);
    if (round === 2) break;
    for (const {socket} of streams) socket.resetAndDestroy();
    await within(60_000, Promise.all(streams.map(({closed}) => closed)), 'they have left');
  }
}, {timeout: 240_000});
