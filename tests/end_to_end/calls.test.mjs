// Routes whose streams are what a backend answers, through the real bridge to a backend in Node.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {describe} from 'node:test';
import {fileURLToPath} from 'node:url';
import {status} from './grpc.mjs';
import {eventually, it, openToAll, run, startBridge, temporaryFolder, within} from './harness.mjs';
import {privateBytes, settled} from './measure.mjs';
import {RawStream} from './raw_stream.mjs';
import {openStream, request} from './sse.mjs';
import {begin, fail, startBackend} from './typed.mjs';

const folder = path.dirname(fileURLToPath(import.meta.url));
const json = {'content-type': 'application/json'};

// A backend that answers by `speak(call)`, and a bridge with routes to it.
async function startSpeaker(t, speak, {routes = {}, config = {}} = {}) {
  const file = path.join(temporaryFolder(t), 'calls.binpb');
  const {code, err} = await run(t, 'protoc', [
    `-I${folder}`, `--descriptor_set_out=${file}`, '--include_imports', 'calls.proto',
  ]);
  assert.equal(code, 0, err);
  const backend = await startBackend(t, readFileSync(file), 'calls.v1.Speaker', 'Speak', speak);
  const call = (more = {}) => ({backend: 'speaker', method: 'calls.v1.Speaker/Speak', ...more});
  const route = (url, more = {}, callMore = {}) => ({
    path: url, public: true, methods: ['GET', 'POST'], connect: {enabled: false}, ...more,
    call: call(callMore),
  });
  const bridge = await startBridge(t, {config: {
    ...openToAll,
    schema: {descriptor_sets: [file]},
    backends: {speaker: {address: backend.address, reflection: false}},
    routes: [
      route('/say/{room}', {}, {headers: ['x-tenant'], metadata: {'x-bridge': 'sluice'}}),
      route('/hello/{room}', {connect: {event: 'hello'}}, {done: {event: 'finish'}}),
      route('/once/{room}', {}, {resume: 'refuse'}),
      route('/room/{room}', {topics: ['room/{room}'], methods: ['GET']},
          {mode: 'on_demand', linger: '1s', done: {event: 'finish'}}),
    ],
    ...config,
  }});
  return {bridge, backend};
}

// As many words as were asked for, then the end.
async function count(call) {
  for (let n = 1; n <= call.request.words; n += 1) {
    if (!call.write({n, text: call.request.room})) {
      await new Promise((resolve) => call.once('drain', resolve));
    }
  }
  call.end();
}
const numbers = (events) => events.filter(({event}) => event === 'word').map(({data}) => JSON.parse(data).n);
const upTo = (n) => Array.from({length: n}, (_, i) => i + 1);

describe('calls for one request', () => {
  it('RelaysEveryResponseInOrderAndEndsWithAnIdAnd204', async (t) => {
    const {bridge, backend} = await startSpeaker(t, count);
    const stream = await openStream(t, bridge.url('/say/red?words=3&style.voice=low'), {
      headers: {'x-tenant': 'acme', 'traceparent': '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'},
    });
    assert.deepEqual(await stream.ended(), {clean: true});
    assert.deepEqual(numbers(stream.events.items), [1, 2, 3]);
    assert.equal(stream.events.items[2].id, 'call-3');
    assert.match(stream.text, /\nid: call-3\.end\n\n$/);
    const call = await backend.called();
    assert.deepEqual(call.request, {room: 'red', words: 3, style: {voice: 'low'}});
    assert.deepEqual(call.metadata.get('x-tenant'), ['acme']);
    assert.deepEqual(call.metadata.get('x-bridge'), ['sluice']);
    assert.match(call.metadata.get('traceparent')[0], /0af7651916cd43dd8448eb211c80319c/);
    const again = await request(bridge.url('/say/red?words=3'), {headers: {'last-event-id': 'call-3.end'}});
    assert.equal(again.status, 204);
    assert.equal(backend.calls.items.length, 1);
  });

  it('TakesAPostWithAJsonBody', async (t) => {
    const {bridge, backend} = await startSpeaker(t, count);
    const post = (body, headers = json) =>
      request(bridge.url('/say/red'), {method: 'POST', body, headers});
    const answer = await post('{"words":2,"room":"blue"}');
    assert.equal(answer.status, 200);
    assert.match(answer.body, /"n":1,"text":"red"[^]*"n":2,"text":"red"/);
    assert.equal((await backend.called()).request.room, 'red');
    const bad = await post('{"words":"many"}');
    assert.equal(bad.status, 400);
    assert.match(bad.json().detail, /words/);
    const unknown = await post('{"volume":3}');
    assert.equal(unknown.status, 400);
    assert.match(unknown.json().detail, /volume/);
    assert.equal((await post('{}', {'content-type': 'text/plain'})).status, 415);
    assert.equal((await post('{')).status, 400);
    assert.equal(backend.calls.items.length, 1);
  });

  it('SendsThatAStreamIsDoneAsTheRouteSays', async (t) => {
    const {bridge} = await startSpeaker(t, count);
    const stream = await openStream(t, bridge.url('/hello/red?words=1'));
    await stream.ended();
    assert.deepEqual(stream.events.items.map(({event, id}) => [event, id]),
        [['hello', 'call-0'], ['word', 'call-1'], ['finish', 'call-2.end']]);
  });

  it('AnswersAFailureBeforeTheFirstWordWithItsStatus', async (t) => {
    const {bridge} = await startSpeaker(t, (call) => {
      if (call.request.style) begin(call);
      fail(call, status[call.request.room], 'said the backend');
    });
    const expected = {
      UNAUTHENTICATED: 401, PERMISSION_DENIED: 403, NOT_FOUND: 404, INVALID_ARGUMENT: 400,
      FAILED_PRECONDITION: 400, OUT_OF_RANGE: 400, ALREADY_EXISTS: 409, ABORTED: 409,
      RESOURCE_EXHAUSTED: 429, UNIMPLEMENTED: 501, UNAVAILABLE: 503, DEADLINE_EXCEEDED: 504,
      CANCELLED: 502, INTERNAL: 502, UNKNOWN: 502, DATA_LOSS: 502,
    };
    for (const [code, http] of Object.entries(expected)) {
      for (const target of [`/say/${code}`, `/say/${code}?style.voice=low`, `/room/${code}`]) {
        const answer = await request(bridge.url(target));
        assert.equal(answer.status, http, `${code} at ${target}`);
        assert.equal(answer.headers['content-type'], 'application/problem+json');
        assert.equal(answer.body.includes('said the backend'), [400, 401, 403, 404, 409].includes(http), code);
        assert.equal('retry-after' in answer.headers, [429, 503].includes(http), code);
      }
    }
    const browser = await request(bridge.url('/say/UNAVAILABLE'),
        {headers: {accept: 'text/event-stream', 'cache-control': 'no-cache'}});
    assert.equal(browser.status, 200);
    assert.match(browser.body, /^retry: \d+\n\n$/);
  });

  it('TellsOfALaterFailureInTheStream', async (t) => {
    const {bridge} = await startSpeaker(t, (call) => {
      call.write({n: 1});
      setImmediate(() => fail(call, status.RESOURCE_EXHAUSTED, 'out of words'));
    });
    const stream = await openStream(t, bridge.url('/say/red'));
    assert.deepEqual(JSON.parse((await stream.next('error')).data),
        {code: 'RESOURCE_EXHAUSTED', message: 'out of words'});
    assert.deepEqual(await stream.ended(), {clean: true});
  });

  it('AnswersAtOnceThatABackendIsAwayAndNamesNoAddress', async (t) => {
    const {bridge, backend} = await startSpeaker(t);
    backend.stop();
    const answer = await request(bridge.url('/say/red'));
    assert.equal(answer.status, 503);
    const stream = await openStream(t, bridge.url('/hello/red'));
    const error = JSON.parse((await stream.next('error')).data);
    assert.equal(error.code, 'UNAVAILABLE');
    for (const text of [answer.body, error.message]) assert.doesNotMatch(text, /127\.0\.0\.1/);
  });

  it('RestartsOrRefusesWhoComesBackInTheMiddle', async (t) => {
    const {bridge, backend} = await startSpeaker(t, count);
    const back = (target) => request(bridge.url(target), {headers: {'last-event-id': 'call-1'}});
    assert.equal((await back('/once/red?words=2')).status, 409);
    assert.equal(backend.calls.items.length, 0);
    assert.match((await back('/say/red?words=2')).body, /id: call-1\n[^]*id: call-2\.end/);
  });

  it('CancelsTheBackendsCallWithinASecondWhenTheClientLeaves', async (t) => {
    const {bridge, backend} = await startSpeaker(t, (call) => {
      if (call.request.words) call.write({n: 1});
    });
    for (const [n, target] of ['/say/red?words=1', '/hello/red', '/say/red'].entries()) {
      const socket = new RawStream({port: bridge.httpPort, target});
      t.after(() => socket.drop());
      const call = await backend.called(n + 1);
      // (The last one has not even a head yet.)
      if (n < 2) await eventually(() => socket.status === 200, 'the stream is open');
      socket.drop();
      await within(1_000, call.left, `the call of ${target} is cancelled`);
    }
  });

  it('StreamsSeveralHundredCallsAtOnceEachInOrderAndComplete', async (t) => {
    const {bridge} = await startSpeaker(t, count);
    const words = 200;
    const streams = Array.from({length: 300}, (_, i) => {
      const got = [];
      const stream = new RawStream({
        port: bridge.httpPort, target: `/say/room${i}?words=${words}`, http10: i % 3 === 0,
        onEvent: ({event, data}) => { if (event === 'word') got.push(JSON.parse(data)); },
      });
      t.after(() => stream.drop());
      return {stream, got, i};
    });
    for (const {stream, got, i} of streams) {
      await within(60_000, stream.closed, `stream ${i} ends`);
      assert.equal(stream.error, undefined);
      assert.ok(stream.complete, `stream ${i} is complete`);
      assert.deepEqual(got.map(({n}) => n), upTo(words));
      assert.ok(got.every(({text}) => text === `room${i}`));
    }
  });

  it('BlocksABackendWhoseClientReadsNothingAndKeepsItsMemory', async (t) => {
    const text = 'x'.repeat(60_000);
    let written = 0;
    const {bridge, backend} = await startSpeaker(t, async (call) => {
      const wanted = 2 ** 30;
      while (written < wanted && !call.cancelled) {
        const more = call.write({text});
        written += text.length;
        if (!more) await new Promise((resolve) => call.once('drain', resolve));
      }
    });
    const before = privateBytes(bridge.pid);
    const stream = new RawStream({port: bridge.httpPort, target: '/say/red'});
    stream.socket.pause();
    t.after(() => stream.drop());
    const call = await backend.called();
    await settled(() => written, 'the backend is blocked');
    const growth = privateBytes(bridge.pid) - before;
    console.log(`a client that reads nothing: ${(written / 2 ** 20).toFixed(1)} MiB of 1,024 were taken, ` +
        `${(growth / 2 ** 20).toFixed(1)} MiB more in the bridge`);
    assert.ok(written < 64 * 2 ** 20, `${written} bytes were taken`);
    assert.ok(growth < 16 * 2 ** 20, `${growth} bytes`);
    stream.drop();
    await within(1_000, call.left, 'the call is cancelled');
  });
});

describe('calls on demand', () => {
  it('AreStartedOnceJoinedByOthersAndResumed', async (t) => {
    const {bridge, backend} = await startSpeaker(t);
    const first = openStream(t, bridge.url('/room/red'));
    const call = await backend.called();
    call.write({n: 1});
    const one = await first;
    const {id} = await one.next('word');
    call.write({n: 2});
    await one.next('word');
    const two = await openStream(t, bridge.url('/room/red'));
    const resumed = await openStream(t, bridge.url('/room/red'), {lastEventId: id});
    call.write({n: 3});
    call.end();
    for (const stream of [one, two, resumed]) await stream.ended();
    assert.deepEqual(numbers(one.events.items), [1, 2, 3]);
    assert.deepEqual(numbers(two.events.items), [1, 2, 3]);
    assert.deepEqual(numbers(resumed.events.items), [2, 3]);
    assert.match(one.events.items.at(-1).id, /\.end$/);
    assert.equal(one.events.items.at(-1).event, 'finish');

    // After the call: from the log, without another.
    const late = await openStream(t, bridge.url('/room/red'), {lastEventId: id});
    await late.ended();
    assert.deepEqual(numbers(late.events.items), [2, 3]);
    const ended = {'last-event-id': one.events.items.at(-1).id};
    assert.equal((await request(bridge.url('/room/red'), {headers: ended})).status, 204);
    assert.equal(backend.calls.items.length, 1);
  });

  it('AreCancelledAfterLingeringWithoutClients', async (t) => {
    const {bridge, backend} = await startSpeaker(t);
    const opening = openStream(t, bridge.url('/room/red'));
    const call = await backend.called();
    call.write({n: 1});
    const stream = await opening;
    const {id} = await stream.next('word');
    stream.close();
    // Back in time: it goes on.
    const back = await openStream(t, bridge.url('/room/red'), {lastEventId: id});
    call.write({n: 2});
    assert.equal(JSON.parse((await back.next('word')).data).n, 2);
    assert.equal(backend.calls.items.length, 1);
    back.close();
    await within(5_000, call.left, 'the call is cancelled');
  });
});
