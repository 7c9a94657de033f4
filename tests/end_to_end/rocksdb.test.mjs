// A bridge whose event log is on the disk: what a restart keeps, and what a disk that fails leaves standing.
import assert from 'node:assert/strict';
import {closeSync, openSync, readdirSync, readSync, writeSync} from 'node:fs';
import path from 'node:path';
import {describe} from 'node:test';
import {
  buildFolder, eventually, it, openToAll, run, startBridge, temporaryFolder, writeConfig,
} from './harness.mjs';
import {publish, status} from './grpc.mjs';
import {openStream, request} from './sse.mjs';

const tick = (n, more = {}) => ({topic: 'room/1', type: 'tick', json: {n}, ...more});
const numbers = (events) => events.map(({data}) => JSON.parse(data).n);

function onDisk(t, rocksdb = {}) {
  const folder = path.join(temporaryFolder(t), 'events');
  const config = {...openToAll, event_log: {rocksdb: {path: folder, ...rocksdb}}};
  return {folder, configFile: writeConfig(t, config)};
}

describe('an event log on disk', () => {
  it('KeepsEventsIdsAndPublishersIdsThroughARestart', async (t) => {
    const {configFile} = onDisk(t);
    const before = await startBridge(t, {configFile});
    const ids = await publish(before, [tick(1), tick(2, {id: 'two'}), tick(3)]);
    await before.stop();

    const after = await startBridge(t, {configFile});
    const stream = await openStream(t, after.url('/v1/room/1'), {lastEventId: ids[0]});
    assert.deepEqual(numbers(await stream.take(2)), [2, 3]);
    assert.deepEqual(await publish(after, [tick(2, {id: 'two'})]), [ids[1]]);
    const [next] = await publish(after, [tick(4)]);
    assert.equal((await stream.next('tick')).id, next);
    assert.ok(!stream.events.items.some(({event}) => event === 'gap'));
  });

  it('RefusesPublishesWhileTheDiskIsFullAndGoesOnByItself', async (t) => {
    const {configFile} = onDisk(t);
    const bridge = await startBridge(t, {configFile});
    const limit = (bytes) => run(t, 'prlimit', ['--pid', String(bridge.pid), `--fsize=${bytes}:unlimited`]);
    const stream = await openStream(t, bridge.url('/v1/room/1'));
    await publish(bridge, [tick(1)]);

    const large = tick(2, {id: 'two', json: {n: 2, x: 'x'.repeat(100_000)}});
    await limit(1_000);
    await assert.rejects(publish(bridge, [large]),
        ({code, details}) => code === status.UNAVAILABLE && /File too large/.test(details));
    const ready = await request(bridge.url('/ready'));
    assert.equal(ready.status, 503);
    assert.match(ready.json().reason, /File too large/);
    assert.equal((await request(bridge.url('/health'))).status, 200);
    // Who reads goes on, and so does what need not be kept.
    await publish(bridge, [tick(3, {transient: true})]);
    assert.deepEqual(numbers(await stream.take(2)), [1, 3]);
    const late = await openStream(t, bridge.url('/v1/room/1'));
    await late.next('connect');

    await limit('unlimited');
    await eventually(async () => (await request(bridge.url('/ready'))).status === 200, 'it is ready again', 20_000);
    await publish(bridge, [large, tick(4)]);
    assert.deepEqual(numbers(await stream.take(2)), [2, 4]);
    assert.deepEqual(numbers(await late.take(2)), [2, 4]);
  });

  it('RefusesToStartOnACorruptedStoreAndSaysHowToMoveItAway', async (t) => {
    const {folder, configFile} = onDisk(t);
    const bridge = await startBridge(t, {configFile});
    await publish(bridge, [tick(1)]);
    await bridge.stop();
    const manifest = path.join(folder, readdirSync(folder).find((file) => file.startsWith('MANIFEST')));
    const file = openSync(manifest, 'r+');
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, 20);
    writeSync(file, Buffer.from([byte[0] ^ 0x55]), 0, 1, 20);
    closeSync(file);

    const {code, err} = await run(t, path.join(buildFolder, 'sluice'), ['--config', configFile,
      '--http-listen', '127.0.0.1:0', '--grpc-listen', '127.0.0.1:0']);
    assert.equal(code, 1);
    assert.match(err, /event_log\.rocksdb\.path: .* is corrupted/);
    assert.ok(err.includes(`mv '${folder}' '${folder}.corrupted'`), err);
  });

  it('IsForOneBridge', async (t) => {
    const {configFile} = onDisk(t);
    await startBridge(t, {configFile});
    const {code, err} = await run(t, path.join(buildFolder, 'sluice'), ['--config', configFile,
      '--http-listen', '127.0.0.1:0', '--grpc-listen', '127.0.0.1:0']);
    assert.equal(code, 1);
    assert.match(err, /is in use by another process/);
  });
});
