// Thousands of connections that never finish a request, and clients that want their stream meanwhile.
import assert from 'node:assert/strict';
import path from 'node:path';
import {describe} from 'node:test';
import {fileURLToPath} from 'node:url';
import {makeAuthority, tlsOf} from './certificates.mjs';
import {it, openToAll, start, startBridge} from './harness.mjs';
import {openStream} from './sse.mjs';

const clientFile = path.join(path.dirname(fileURLToPath(import.meta.url)), 'half_open_client.mjs');

function attack(t, bridge, {count, addresses, kind = 'http'}) {
  const program = start(t, process.execPath, [clientFile, bridge.httpPort, count, addresses, kind].map(String));
  const when = (condition, what, ms) => program.output.when((lines) => {
    const last = lines.length > 0 && JSON.parse(lines.at(-1));
    return last && condition(last) && last;
  }, what, ms);
  return {when, now: () => JSON.parse(program.output.items.at(-1) ?? '{"open":0}')};
}

// How long it took to get a stream and its first event, in ms.
async function timeToStream(t, bridge) {
  const begun = performance.now();
  const stream = await openStream(t, bridge.url('/v1/room/1'), {tls: bridge.tls, ms: 30_000});
  assert.equal(stream.status, 200);
  await stream.next('connect');
  const took = performance.now() - begun;
  stream.close();
  return took;
}

function percentile(times, share) {
  return times.toSorted((a, b) => a - b)[Math.ceil(times.length * share) - 1];
}

// All `count` are open at once, each is closed after `limit` seconds, and whoever wants a stream meanwhile
// gets it at once: none waits for a second.
async function withstand(t, bridge, {count, limit, kind}) {
  const attackers = attack(t, bridge, {count, addresses: 50, kind});
  const times = [];
  let most = 0;
  const over = attackers.when(
      ({opened, open}) => opened === count && open === 0, 'they are all gone', 3 * limit * 1000);
  let ended = false;
  over.finally(() => { ended = true; }).catch(() => {});
  while (!ended) {
    times.push(await timeToStream(t, bridge));
    most = Math.max(most, attackers.now().open);
  }
  const {closed, youngest, oldest} = await over;
  const measured = {kind, streams: times.length, median: percentile(times, 0.5), p99: percentile(times, 0.99),
    worst: Math.max(...times), most, youngest, oldest};
  console.log(`# half-open: ${JSON.stringify(measured)}`);
  assert.equal(closed, count);
  assert.equal(most, count, 'all at once');
  assert.ok(measured.median < 250, `the median is ${measured.median} ms`);
  assert.ok(measured.worst < 1_000, `one took ${measured.worst} ms`);
  assert.ok(youngest > (limit - 2) * 1000, `one was closed after ${youngest} ms`);
  assert.ok(oldest < (limit + 3) * 1000, `one was closed after ${oldest} ms`);
}

describe('ten thousand connections that send a byte now and then', () => {
  it('KeepNobodyWaitingAndAreGoneAfterTheTimeOfARequest', async (t) => {
    const bridge = await startBridge(t, {config: {...openToAll, http: {request_timeout: '25s'}}});
    await withstand(t, bridge, {count: 10_000, limit: 25, kind: 'http'});
  });

  it('KeepNobodyWaitingWhereTheyNeverFinishTheirTlsHandshake', async (t) => {
    const authority = makeAuthority(t);
    const bridge = await startBridge(t, {config: {
      ...openToAll, http: {request_timeout: '15s', tls: tlsOf(authority.issue('server'))},
    }});
    const url = (target) => `https://localhost:${bridge.httpPort}${target}`;
    await withstand(t, {...bridge, url, tls: {ca: authority.pem}}, {count: 3_000, limit: 15, kind: 'tls'});
  });

  it('MakeRoomForClientsWhereThereIsNoneLeft', async (t) => {
    const bridge = await startBridge(t, {config: {
      ...openToAll, http: {request_timeout: '1h'}, limits: {sessions: 400}, hub: {shards: 1},
    }});
    const attackers = attack(t, bridge, {count: 2_000, addresses: 1});
    await attackers.when(({opened, closed}) => opened === 2_000 && closed >= 1_500,
        'those that waited longest have gone', 30_000);
    for (let i = 0; i < 20; ++i) assert.ok(await timeToStream(t, bridge) < 5_000);
    assert.ok(attackers.now().open > 300, 'the rest waits on');
    await bridge.log.when((lines) => lines.some((line) => line.includes('make room')), 'it is told');
  });
});
