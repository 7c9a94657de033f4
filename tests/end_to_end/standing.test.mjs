// Access stays true while a stream runs: with an authorizer that is killed, stopped, slow or broken, that
// narrows what it allowed, or takes it back; and with an operator who ends streams.
import assert from 'node:assert/strict';
import path from 'node:path';
import {describe} from 'node:test';
import {eventually, freePort, it, repository, start, startBridge, token} from './harness.mjs';
import {call, client, publish, publishStream, status, subscribe} from './grpc.mjs';
import {openStream, request} from './sse.mjs';

const likeEventSource = {'accept': 'text/event-stream', 'cache-control': 'no-cache'};
const bearer = {authorization: `Bearer ${token('ada')}`};
const code = (event) => JSON.parse(event.data).code;
const tick = (n, more = {}) => ({topic: 'room/1', type: 'tick', json: {n}, ...more});

// A process that can be told what to answer; the same port again after it was killed.
async function startAuthorizer(t, {port = 0, ...first} = {}) {
  const program = start(t, process.execPath,
      [path.join(repository, 'tests/end_to_end/authorizer_process.mjs'), String(port)], {input: 'pipe'});
  const address = await program.output.when(
      (lines) => lines.map((line) => line.match(/^listening (\S+)/)?.[1]).find(Boolean), 'the authorizer listens');
  const count = (word) => program.output.items.filter((line) => line.startsWith(word)).length;
  const authorizer = {
    ...program, address, port: Number(address.split(':').pop()),
    asked: () => count('asked'),
    watched: () => eventually(() => count('watched') > 0, 'the bridge watches'),
    async tell(command) {
      const before = count('done');
      program.child.stdin.write(`${JSON.stringify(command)}\n`);
      await eventually(() => count('done') > before, 'the command is taken');
    },
  };
  if (Object.keys(first).length) await authorizer.tell(first);
  return authorizer;
}

const config = (authorizer, access = {}, kind = 'grpc', settings = {}) => ({
  authorizer: {[kind]: {address: authorizer.address, deadline: '300ms', ...settings}},
  access: {max_age: '2s', grace: '4s', cache: {entries: 0}, ...access},
});

async function openTicks(t, bridge, target = '/v1/room/1') {
  const stream = await openStream(t, bridge.url(target), {headers: bearer});
  assert.equal(stream.status, 200);
  await stream.next('connect');
  return stream;
}

// A PublishStream: `send` answers the code of the event's result.
function startPublisher(t, bridge) {
  const stream = publishStream(t, bridge, {credential: token('ada')});
  let sent = 0;
  return {
    async send(event) {
      const index = sent++;
      await stream.send([event]);
      await stream.results.when((results) => results.length > index, 'an answer');
      return stream.results.items[index].status?.code ?? status.OK;
    },
  };
}

async function assertRefusedForNow(bridge) {
  const plain = await request(bridge.url('/v1/room/1'), {headers: bearer});
  assert.equal(plain.status, 503);
  assert.match(plain.headers['retry-after'], /^\d+$/);
  const source = await request(bridge.url('/v1/room/1'), {headers: {...likeEventSource, ...bearer}});
  assert.equal(source.status, 200);
  assert.match(source.body, /^retry: \d+\n\n$/);
}

// Events still come in the grace time; after it the stream is over.
async function assertGraceThenOver(bridge, stream) {
  await assertRefusedForNow(bridge);
  await publish(bridge, [tick(1)]);
  assert.equal(JSON.parse((await stream.next('tick')).data).n, 1);
  assert.equal(code(await stream.next('error', 12_000)), 'unauthenticated');
  assert.deepEqual(await stream.ended(), {clean: true});
  await bridge.log.when((lines) => lines.some((line) => line.includes('reason=expired')), 'the reason');
}

describe('an authorizer that is away', () => {
  const troubles = [
    ['Killed', async (t, authorizer) => {
      await authorizer.stop('SIGKILL');
      return () => startAuthorizer(t, {port: authorizer.port});
    }],
    ['Stopped', async (t, authorizer) => {
      process.kill(authorizer.pid, 'SIGSTOP');
      return () => process.kill(authorizer.pid, 'SIGCONT');
    }],
    ['Hanging', async (t, authorizer) => {
      await authorizer.tell({delay: -1});
      return () => authorizer.tell({delay: 0});
    }],
    ['TooSlow', async (t, authorizer) => {
      await authorizer.tell({delay: 900});
      return () => authorizer.tell({delay: 0});
    }],
    ['AnsweringGarbage', async (t, authorizer) => {
      await authorizer.tell({garbage: true});
      return () => authorizer.tell({garbage: false});
    }],
  ];
  for (const kind of ['grpc', 'ext_authz']) for (const [trouble, begin] of troubles) {
    const what = `${kind} ${trouble}`;
    it(`${what}: NewStreamsAreRefusedForNowAndRunningOnesGoOnForTheGraceTime`, async (t) => {
      const authorizer = await startAuthorizer(t);
      const bridge = await startBridge(t, {config: config(authorizer, {}, kind)});
      const stream = await openTicks(t, bridge);
      await begin(t, authorizer);
      await assertGraceThenOver(bridge, stream);
    });
    it(`${what}: AllRecovers`, async (t) => {
      const authorizer = await startAuthorizer(t);
      const bridge = await startBridge(t, {config: config(authorizer, {grace: '30s'}, kind)});
      const stream = await openTicks(t, bridge);
      const end = await begin(t, authorizer);
      await eventually(async () => (await request(bridge.url('/v1/room/1'), {headers: bearer, ms: 2000})).status === 503,
          'new streams are refused');
      await end();
      await eventually(async () => {
        const again = await openStream(t, bridge.url('/v1/room/1'), {headers: bearer});
        again.close();
        return again.status === 200;
      }, 'new streams are allowed');
      // Longer than the answer that it had would have lasted without the grace time.
      await new Promise((resolve) => setTimeout(resolve, 2500));
      await publish(bridge, [tick(7)]);
      assert.equal(JSON.parse((await stream.next('tick')).data).n, 7);
    });
    it(`${what}: RunningPublishersGoOnForTheGraceTimeAndRecover`, async (t) => {
      const authorizer = await startAuthorizer(t);
      const bridge = await startBridge(t, {config: {
        ...config(authorizer, {grace: '6s'}, kind, kind === 'grpc' ? {watch_revocations: false} : {}),
        publishing: {authorize: true},
      }});
      const publisher = startPublisher(t, bridge);
      assert.equal(await publisher.send(tick(0)), status.OK);
      const end = await begin(t, authorizer);
      // Until what it was allowed with is over.
      await new Promise((resolve) => setTimeout(resolve, 2100));
      assert.equal(await publisher.send(tick(1)), status.OK);
      assert.equal(await publisher.send(tick(2, {topic: 'room/2'})), status.UNAVAILABLE);
      assert.equal(await startPublisher(t, bridge).send(tick(3)), status.UNAVAILABLE);
      await assert.rejects(publish(bridge, [tick(4)], {credential: token('ada')}), {code: status.UNAVAILABLE});
      await eventually(async () => await publisher.send(tick(5)) === status.UNAVAILABLE,
          'the grace time is over', 12_000);
      await end();
      await eventually(async () => await publisher.send(tick(6)) === status.OK, 'it recovers', 20_000);
    });
  }

  for (const kind of ['grpc', 'ext_authz']) {
    it(`${kind} SlowWithinItsDeadline: NobodyIsRefused`, async (t) => {
      const authorizer = await startAuthorizer(t);
      const bridge = await startBridge(t, {config: {
        ...config(authorizer, {grace: '0s', max_age: '4s'}, kind, {deadline: '10s'}), publishing: {authorize: true},
      }});
      const stream = await openTicks(t, bridge);
      const publisher = startPublisher(t, bridge);
      assert.equal(await publisher.send(tick(0)), status.OK);
      await authorizer.tell({delay: 300});
      const asked = authorizer.asked();
      const begun = Date.now();
      while (Date.now() - begun < 6000) {
        const another = await openStream(t, bridge.url('/v1/room/1'), {headers: bearer});
        assert.equal(another.status, 200);
        another.close();
        assert.equal(await publisher.send(tick(1)), status.OK);
      }
      assert.ok(authorizer.asked() > asked + 5);
      await publish(bridge, [tick(9)], {credential: token('ada')});
      await stream.events.when((all) => all.some(({data}) => /"n":9/.test(data)), 'the stream runs');
    });
  }
});

describe('a credential that ends', () => {
  it('EndsTheStreamThoughTheAuthorizerIsAwayAndThereWouldBeGrace', async (t) => {
    const authorizer = await startAuthorizer(t,
        {answer: {decision: 'DECISION_ALLOW', credential_expires_in: 5}});
    const ends = Date.now() + 5000;
    const bridge = await startBridge(t, {config: config(authorizer, {grace: '10m'})});
    const stream = await openTicks(t, bridge);
    const {head, finished} = subscribe(t, bridge, {topics: ['room/1']}, {credential: token('ada')});
    await head;
    await authorizer.stop('SIGKILL');
    assert.equal(code(await stream.next('error', 12_000)), 'unauthenticated');
    assert.ok(Date.now() > ends - 100, `${ends - Date.now()} ms too early`);
    assert.deepEqual(await stream.ended(), {clean: true});
    assert.equal((await finished).code, status.UNAUTHENTICATED);
  });
});

describe('an answer that is asked for again', () => {
  it('KeepsAStreamThatIsAllowedAnew', async (t) => {
    const authorizer = await startAuthorizer(t, {answer: {decision: 'DECISION_ALLOW', expires_in: 3}});
    const bridge = await startBridge(t, {config: config(authorizer, {max_age: '0s', grace: '0s'})});
    const stream = await openTicks(t, bridge);
    await eventually(() => authorizer.asked() >= 4, 'it is asked again and again', 15_000);
    await publish(bridge, [tick(1)]);
    await stream.next('tick');
  });

  for (const [decision, expected] of [
    ['DECISION_DENY_UNAUTHENTICATED', 'unauthenticated'], ['DECISION_DENY_FORBIDDEN', 'forbidden'],
  ]) {
    it(`EndsAStreamThatIsRefusedAnew: ${expected}`, async (t) => {
      const authorizer = await startAuthorizer(t);
      const bridge = await startBridge(t, {config: config(authorizer)});
      const stream = await openTicks(t, bridge);
      const {finished} = subscribe(t, bridge, {topics: ['room/1']}, {credential: token('ada')});
      await authorizer.tell({answer: {decision, reason: 'no longer'}});
      const error = await stream.next('error');
      assert.equal(code(error), expected);
      assert.match(error.data, /no longer/);
      assert.deepEqual(await stream.ended(), {clean: true});
      const wanted = expected === 'forbidden' ? status.PERMISSION_DENIED : status.UNAUTHENTICATED;
      assert.equal((await finished).code, wanted);
      await bridge.log.when(
          (lines) => lines.some((line) => line.includes(`reason=${expected}`)), 'the reason');
    });
  }

  it('NarrowsARunningStream', async (t) => {
    const authorizer = await startAuthorizer(t);
    const bridge = await startBridge(t, {config: config(authorizer)});
    const stream = await openTicks(t, bridge);
    await publish(bridge, [tick(1, {type: 'note'}), tick(2)]);
    await stream.next('tick');
    const before = authorizer.asked();
    await authorizer.tell({answer: {
      decision: 'DECISION_ALLOW', event_types: ['tick'], attributes: {tenant: 'blue'},
      field_masks: [{event_type: 'tick', paths: ['n']}],
    }});
    await eventually(() => authorizer.asked() >= before + 2, 'it is asked again');
    await publish(bridge, [
      tick(3), tick(4, {type: 'note', attributes: {tenant: 'blue'}}),
      {...tick(5, {attributes: {tenant: 'blue'}}), json: {n: 5, secret: true}},
    ]);
    const event = await stream.next('tick');
    assert.deepEqual(JSON.parse(event.data), {n: 5});
    assert.equal(stream.events.items.filter(({data}) => /"n":[34]/.test(data)).length, 0);
  });

  it('EndsAStreamThatIsSomebodyElsesNow', async (t) => {
    const authorizer = await startAuthorizer(t, {answer: {decision: 'DECISION_ALLOW', subject: 'ada'}});
    const bridge = await startBridge(t, {config: config(authorizer)});
    const stream = await openTicks(t, bridge);
    await authorizer.tell({answer: {decision: 'DECISION_ALLOW', subject: 'bob'}});
    assert.deepEqual(await stream.ended(), {clean: true});
  });
});

describe('access that is taken back', () => {
  const allowAda = {answer: {decision: 'DECISION_ALLOW', subject: 'ada'}};
  const long = {max_age: '10m'};

  it('EndsWithinASecondByWatchRevocations', async (t) => {
    const authorizer = await startAuthorizer(t, allowAda);
    const bridge = await startBridge(t, {config: config(authorizer, long)});
    await authorizer.watched();
    for (const revoke of [
      {subject: 'ada'}, {topic: 'room/1'}, {topic_pattern: 'room/*'}, {subject: 'ada', topic: 'room/1'}, {},
    ]) {
      const stream = await openTicks(t, bridge);
      const other = await openTicks(t, bridge, '/v1/other/1');
      await authorizer.tell({revoke: {subject: 'bob'}});
      await authorizer.tell({revoke});
      assert.equal(code(await stream.next('error', 1000)), 'forbidden');
      assert.deepEqual(await stream.ended(1000), {clean: true});
      if (revoke.topic || revoke.topic_pattern) {
        await publish(bridge, [tick(1, {topic: 'other/1'})]);
        await other.next('tick');
      }
      other.close();
    }
    await bridge.log.when((lines) => lines.some((line) => line.includes('reason=disconnected')), 'the reason');
  });

  it('EndsWithinASecondByAnOperator', async (t) => {
    const authorizer = await startAuthorizer(t, allowAda);
    const bridge = await startBridge(t, {config: config(authorizer, long)});
    const admin = client(t, bridge, 'Admin');
    const credential = token('ada');
    for (const by of ['subject', 'topic', 'topic_pattern', 'subscriber_id']) {
      const stream = await openTicks(t, bridge);
      const {finished} = subscribe(t, bridge, {topics: ['room/1']}, {credential});
      const {subscribers} = await eventually(async () => {
        const list = await call(admin, 'ListSubscribers', {topic: 'room/1'}, {credential});
        return list.subscribers.length === 2 && list;
      }, 'both are there');
      const id = subscribers.find(({transport}) => transport === 'http').subscriber_id;
      const value = {subject: 'ada', topic: 'room/1', topic_pattern: 'room/**', subscriber_id: id}[by];
      const none = await call(admin, 'Disconnect', {[by]: 'nobody/9'}, {credential});
      assert.equal(none.disconnected, '0');
      const {disconnected} = await call(admin, 'Disconnect', {[by]: value, reason: 'test'}, {credential});
      assert.equal(disconnected, by === 'subscriber_id' ? '1' : '2');
      assert.equal(code(await stream.next('error', 1000)), 'disconnected');
      assert.deepEqual(await stream.ended(1000), {clean: true});
      if (by === 'subscriber_id') {
        await call(admin, 'Disconnect', {subject: 'ada'}, {credential});
      }
      assert.equal((await finished).code, status.ABORTED);
    }
    await assert.rejects(call(admin, 'Disconnect', {}, {credential}), {code: status.INVALID_ARGUMENT});
    await assert.rejects(call(admin, 'Disconnect', {topic_pattern: 'a/**/b'}, {credential}),
        (error) => error.code === status.INVALID_ARGUMENT && /topic_pattern/.test(error.message));
    await authorizer.tell({answer: {decision: 'DECISION_DENY_FORBIDDEN'}});
    await assert.rejects(call(admin, 'Disconnect', {subject: 'ada'}, {credential}),
        {code: status.PERMISSION_DENIED});
  });

  it('CatchesAStreamThatIsOnItsWay', async (t) => {
    const authorizer = await startAuthorizer(t, {...allowAda, delay: 200});
    const bridge = await startBridge(t, {config: config(authorizer, long)});
    await authorizer.watched();
    const answer = request(bridge.url('/v1/room/1'), {headers: bearer});
    await eventually(() => authorizer.asked() > 0, 'it is asked');
    await authorizer.tell({revoke: {subject: 'ada'}});
    assert.equal((await answer).status, 503);
  });

  it('AsksAboutAllStreamsAgainWhenItMayHaveMissedSomething', async (t) => {
    const authorizer = await startAuthorizer(t, allowAda);
    const bridge = await startBridge(t, {config: config(authorizer, {...long, grace: '10m'})});
    await authorizer.watched();
    const stream = await openTicks(t, bridge);
    await authorizer.stop('SIGKILL');
    await startAuthorizer(t, {port: authorizer.port, answer: {decision: 'DECISION_DENY_FORBIDDEN'}});
    assert.equal(code(await stream.next('error', 25_000)), 'forbidden');
  });

  it('SkipsRevocationsThatMakeNoSense', async (t) => {
    const authorizer = await startAuthorizer(t, allowAda);
    const bridge = await startBridge(t, {config: config(authorizer, long)});
    await authorizer.watched();
    const stream = await openTicks(t, bridge);
    await authorizer.tell({garbage: true});
    await authorizer.tell({revoke: {subject: 'ada'}});
    await bridge.log.when((lines) => lines.some((line) => line.includes('a revocation was skipped')), 'it says so');
    await authorizer.tell({garbage: false});
    await authorizer.tell({revoke: {topic_pattern: '**/room'}});
    await publish(bridge, [tick(1)]);
    await stream.next('tick');
    await authorizer.tell({revoke: {subject: 'ada'}});
    assert.equal(code(await stream.next('error', 1000)), 'forbidden');
  });

  it('LivesWithAnAuthorizerThatHasNoRevocations', async (t) => {
    const authorizer = await startAuthorizer(t, {watched: false});
    const bridge = await startBridge(t, {config: config(authorizer, long)});
    const stream = await openTicks(t, bridge);
    await publish(bridge, [tick(1)]);
    await stream.next('tick');
    assert.ok(!bridge.log.items.some((line) => /revocations are not followed/.test(line)));
  });

  it('AsksAPublisherAgain', async (t) => {
    const authorizer = await startAuthorizer(t, allowAda);
    const bridge = await startBridge(t, {config: {
      ...config(authorizer, long), publishing: {authorize: true},
    }});
    await authorizer.watched();
    const stream = publishStream(t, bridge, {credential: token('ada')});
    await stream.send([tick(1)]);
    await stream.results.when((results) => results.length === 1, 'the first answer');
    await authorizer.tell({answer: {decision: 'DECISION_DENY_FORBIDDEN'}});
    await stream.send([tick(2)]);
    const [, second] = await stream.results.when((results) => results.length === 2 && results, 'the second');
    assert.equal(second.status?.code ?? 0, 0, 'the answer is remembered');
    await authorizer.tell({revoke: {subject: 'ada'}});
    await eventually(async () => {
      const before = stream.results.items.length;
      await stream.send([tick(3)]);
      const results = await stream.results.when((all) => all.length > before && all, 'an answer');
      return results.at(-1).status?.code === status.PERMISSION_DENIED;
    }, 'it is refused');
  });
});
