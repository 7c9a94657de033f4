// What strangers do who reach the gRPC port and may do nothing there. HTTP/2 is spoken raw: no client of
// gRPC would.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import http2 from 'node:http2';
import {describe} from 'node:test';
import grpc from '@grpc/grpc-js';
import {eventually, it, startBridge, token, within} from './harness.mjs';
import {call, client, publisher, publishStream, startAuthorizer, status, allow} from './grpc.mjs';

const ORDERS = token('orders');
const paths = {
  publish: '/sluice.v1.Publisher/Publish',
  publishStream: '/sluice.v1.Publisher/PublishStream',
  watch: '/grpc.health.v1.Health/Watch',
  reflection: '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
};

// A bridge to which only the holder of ORDERS may publish.
async function guardedBridge(t, config = {}) {
  const authorizer = await startAuthorizer(t, ({credential}) =>
    credential === ORDERS ? allow({subject: 'orders'}) : {decision: 'DECISION_DENY_UNAUTHENTICATED'});
  return startBridge(t, {config: {
    authorizer: {grpc: {address: authorizer.address}}, publishing: {authorize: true}, ...config,
  }});
}

const event = (n = 1) => ({topic: 'orders/1', type: 'tick', raw_json: `{"n":${n}}`});
const publishOn = (stub, credential = ORDERS) => call(stub, 'Publish', {events: [event()]}, {credential});
// Over a connection of its own.
const newPublisher = (t, bridge) =>
  client(t, bridge, 'Publisher', {'grpc.use_local_subchannel_pool': 1});

function credentialed() {
  const fields = new grpc.Metadata();
  fields.set('authorization', `Bearer ${ORDERS}`);
  return fields;
}

// Bytes of a length that they say themselves.
function framed(bytes, length = bytes.length) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, bytes]);
}

// A connection of a stranger's: whether it is open, and calls whose answers are kept.
async function stranger(t, bridge, {answersTaken = true} = {}) {
  const session = http2.connect(`http://${bridge.grpc}`,
      answersTaken ? {} : {settings: {initialWindowSize: 0}});
  session.on('error', () => {});
  t.after(() => session.destroy());
  const closed = new Promise((resolve) => session.once('close', resolve));
  await within(10_000, Promise.race([
    new Promise((resolve) => session.once('remoteSettings', resolve)), closed,
  ]), 'a connection begins or is refused');
  return {
    session, closed,
    open: (path) => {
      const stream = session.request({
        ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers',
      });
      stream.on('error', () => {});
      const call = {stream, ended: false};
      const answered = (fields) => { call.status ??= fields['grpc-status'] && Number(fields['grpc-status']); };
      stream.on('response', answered);
      stream.on('trailers', answered);
      call.closed = new Promise((resolve) => stream.once('close', () => {
        call.ended = true;
        resolve();
      }));
      if (answersTaken) stream.resume();
      return call;
    },
  };
}

// What reflection is asked for the file of a symbol.
const symbol = (name) => framed(Buffer.concat([Buffer.from([0x22, name.length]), Buffer.from(name)]));

// The bytes of its answer.
async function reflect(t, bridge) {
  const {open} = await stranger(t, bridge);
  const {stream} = open(paths.reflection);
  stream.write(symbol('sluice.v1.Publisher'));
  const [bytes] = await within(10_000, once(stream, 'data'), 'reflection answers');
  return bytes;
}

// Up to so many MiB of a message of 2 GiB, as fast as they are taken, until the call is ended.
function flood(stream, mebibytes, closed) {
  const ended = Promise.race([new Promise((resolve) => stream.once('close', resolve)), closed]);
  return floodUntil(ended, stream, mebibytes).then(() => within(30_000, ended, 'the call is ended'));
}

async function floodUntil(ended, stream, mebibytes) {
  stream.write(framed(Buffer.alloc(0), 0x7fffffff));
  const chunk = Buffer.alloc(1 << 20);
  for (let n = 0; n < mebibytes && !stream.destroyed; ++n) {
    if (stream.write(chunk)) continue;
    await Promise.race([new Promise((resolve) => stream.once('drain', resolve)), ended]);
  }
}

function residentMiB(bridge) {
  return Number(readFileSync(`/proc/${bridge.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024;
}

describe('a stranger at the gRPC port', () => {
  it('WritesFewLinesIntoTheLog', async (t) => {
    const bridge = await guardedBridge(t);
    const stub = publisher(bridge);
    const refused = () => assert.rejects(publishOn(stub, ''), {code: status.UNAUTHENTICATED});
    for (let round = 0; round < 10; ++round) await Promise.all(Array.from({length: 100}, refused));
    const line = await eventually(async () => {
      await refused();
      return bridge.log.items.find((text) => /publish refused.*left_out=[1-9]/.test(text));
    }, 'a line says how many were left out');
    assert.ok(Number(line.match(/left_out=(\d+)/)[1]) > 0);
    const lines = bridge.log.items.filter((text) => text.includes('publish refused'));
    assert.ok(lines.length < 500, `${lines.length} lines for more than 1000 refusals`);
  });

  it('GetsNoAnswerFromReflectionToWhatIsTooLarge', async (t) => {
    const bridge = await guardedBridge(t);
    const {open} = await stranger(t, bridge);
    const asked = open(paths.reflection);
    // file_containing_symbol, 100,000 bytes of it.
    const text = Buffer.alloc(100_000, 'a');
    asked.stream.write(framed(Buffer.concat([Buffer.from([0x22, 0xa0, 0x8d, 0x06]), text])));
    await within(10_000, asked.closed, 'the call is ended');
    assert.equal(asked.status, status.INVALID_ARGUMENT);
  });

  it('MakesRoomForOthersWhereItsConnectionsSayNothing', async (t) => {
    const bridge = await guardedBridge(t, {grpc: {connections: 10}});
    const early = publishStream(t, bridge, {credential: ORDERS});
    await early.send([event(1)]);
    await early.results.when((items) => items.length === 1, 'an answer before');
    const strangers = [];
    for (let n = 0; n < 40; ++n) {
      const one = await stranger(t, bridge);
      one.open(paths.publishStream).stream.write(Buffer.from([0]));
      strangers.push(one);
    }
    for (let n = 0; n < 5; ++n) await publishOn(newPublisher(t, bridge));
    await early.send([event(2)]);
    await early.results.when((items) => items.length === 2, 'an answer behind');
    await Promise.all(strangers.slice(0, 20).map(({closed}) => within(10_000, closed, 'it made room')));
    await bridge.log.when((lines) => lines.some((line) => line.includes('make room')), 'it is told');
  });

  it('KeepsNoPublisherOutByStreamsThatSayNothing', async (t) => {
    const bridge = await guardedBridge(t);
    const early = publishStream(t, bridge, {credential: ORDERS});
    await early.send([event(1)]);
    await early.results.when((items) => items.length === 1, 'an answer before');
    for (let n = 0; n < 3; ++n) {
      const {open, session} = await stranger(t, bridge);
      for (let i = 0; i < 3_400; ++i) open(paths.publishStream);
      // (An answer says that it has got to this one.)
      await within(30_000, new Promise((resolve) => session.ping(resolve)), 'it has read that');
    }
    const late = newPublisher(t, bridge).PublishStream(credentialed());
    t.after(() => late.cancel());
    late.on('error', () => {});
    const answer = new Promise((resolve) => late.once('data', resolve));
    late.write({events: [event(2)]});
    const {results} = await within(10_000, answer, 'an answer');
    assert.equal(results[0].status?.code ?? status.OK, status.OK);
    await early.send([event(3)]);
    await early.results.when((items) => items.length === 2, 'an answer behind');
  });

  it('IsForgottenWithWhatWasReadOfHisStream', async (t) => {
    let answer;
    const answered = new Promise((resolve) => { answer = resolve; });
    const asked = [];
    const authorizer = await startAuthorizer(t, async ({credential, topics}) => {
      if (credential === ORDERS) return allow({subject: 'orders'});
      asked.push(topics);
      await answered;
      return {decision: 'DECISION_DENY_FORBIDDEN'};
    });
    const bridge = await startBridge(t, {config: {
      authorizer: {grpc: {address: authorizer.address, deadline: '10s'}}, publishing: {authorize: true},
    }});
    const {stream} = publishStream(t, bridge, {credential: token('nobody')});
    for (let n = 0; n < 50; ++n) stream.write({events: [{...event(), topic: `orders/${n}`}]});
    await eventually(() => asked.length === 1, 'the first request is asked about');
    stream.cancel();
    // (The end has come when a later call has.)
    for (let n = 0; n < 5; ++n) await publishOn(publisher(bridge));
    answer();
    for (let n = 0; n < 20; ++n) await publishOn(await newPublisher(t, bridge));
    assert.equal(asked.length, 1);
  });

  it('KeepsNobodyFromWatchingHealth', async (t) => {
    const bridge = await guardedBridge(t);
    const {open} = await stranger(t, bridge);
    const watches = Array.from({length: 1_100}, () => open(paths.watch));
    for (const {stream} of watches) stream.write(framed(Buffer.alloc(0)));
    await eventually(() => watches.filter(({ended}) => ended).length >= 70, 'the oldest make room');
    const watch = client(t, bridge, 'Health').Watch({service: ''});
    t.after(() => watch.cancel());
    watch.on('error', () => {});
    const told = await within(10_000, new Promise((resolve) => watch.once('data', resolve)), 'an answer');
    assert.equal(told.status, 'SERVING');
  });

  it('KeepsNobodyFromReflection', async (t) => {
    const bridge = await guardedBridge(t);
    const {open} = await stranger(t, bridge);
    const silent = Array.from({length: 1_100}, () => open(paths.reflection));
    await eventually(() => silent.filter(({ended}) => ended).length >= 70, 'the oldest make room');
    assert.ok((await reflect(t, bridge)).length > 1_000);
  });

  it('HoldsFewAnswersOfReflectionThatItDoesNotRead', async (t) => {
    const bridge = await guardedBridge(t);
    const before = residentMiB(bridge);
    const calls = [];
    const {open} = await stranger(t, bridge, {answersTaken: false});
    for (let n = 0; n < 1_000; ++n) {
      const asked = open(paths.reflection);
      asked.stream.write(symbol('sluice.v1.Publisher'));
      calls.push(asked);
    }
    await eventually(() => calls.some(({ended}) => ended), 'some are ended');
    assert.ok((await reflect(t, bridge)).length > 1_000);
    const grown = residentMiB(bridge) - before;
    assert.ok(grown < 200, `${grown} MiB more`);
  });

  it('HoldsLittleOfWhatItNeverFinishes', async (t) => {
    const bridge = await guardedBridge(t);
    const stub = publisher(bridge);
    await publishOn(stub);
    const before = residentMiB(bridge);
    const strangers = [];
    const megabytes = Buffer.alloc(4_000_000);
    // (256 MB, half of what all may hold. More is not sent than the bridge reads.)
    for (let n = 0; n < 8; ++n) {
      const one = await stranger(t, bridge);
      strangers.push(one);
      for (let i = 0; i < 8 && !one.session.destroyed; ++i) {
        one.open(paths.publish).stream.write(framed(megabytes, megabytes.length + 1));
      }
    }
    await within(30_000, Promise.any(strangers.map(({closed}) => closed)), 'one is closed');
    await publishOn(stub);
    await publishOn(newPublisher(t, bridge));
    const grown = residentMiB(bridge) - before;
    assert.ok(grown < 450, `${grown} MiB more`);
  });

  it('IsClosedWithAMessageThatIsLongerThanItMayBe', async (t) => {
    const bridge = await guardedBridge(t);
    const before = residentMiB(bridge);
    const one = await stranger(t, bridge);
    const {stream} = one.open(paths.publish);
    await flood(stream, 400, one.closed);
    await within(30_000, one.closed, 'it is closed');
    const grown = residentMiB(bridge) - before;
    assert.ok(grown < 450, `${grown} MiB more`);
  });
});

describe('a publisher who has lost his mind', () => {
  it('HasHisMessagesEndedWhereTheyAreTooManyBytes', async (t) => {
    const bridge = await guardedBridge(t);
    const {session, closed} = await stranger(t, bridge);
    const open = () => session.request({
      ':method': 'POST', ':path': paths.publish, 'content-type': 'application/grpc', te: 'trailers',
      authorization: `Bearer ${ORDERS}`,
    }).on('error', () => {});
    const known = open();
    // Event{topic: "orders/1", text: "x"}, in a request.
    known.end(framed(Buffer.from('\x0a\x0d\x0a\x08orders/1\x3a\x01x', 'latin1')));
    const [answer] = await within(10_000, once(known.resume(), 'trailers'), 'he is known');
    assert.equal(Number(answer['grpc-status']), status.OK, answer['grpc-message']);
    const before = residentMiB(bridge);
    const unfinished = open();
    await flood(unfinished, 1_500, closed);
    const grown = residentMiB(bridge) - before;
    assert.ok(grown < 1_100, `${grown} MiB more`);
    await publishOn(newPublisher(t, bridge));
  });
});
