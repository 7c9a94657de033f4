// The contract of a stream, event by event: connect, heartbeats, retry, starts, filters, merging, gaps,
// transient events, ends, duplicates.
import assert from 'node:assert/strict';
import {describe} from 'node:test';
import {eventually, it, openToAll, startBridge} from './harness.mjs';
import {client, publish, publishStream, status, subscribe} from './grpc.mjs';
import {openStream, request} from './sse.mjs';

const config = (more) => ({...openToAll, ...more});
const tick = (n, more = {}) => ({topic: 'room/1', type: 'tick', json: {n}, ...more});
const numbers = (events) => events.map(({data}) => JSON.parse(data).n);
const offset = (id) => Number(id.match(/^[0-9a-f]{16}-(\d+)/)[1]);
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

async function refused(promise, code, ...words) {
  const error = await promise.then(() => assert.fail('it was not refused'), (reason) => reason);
  assert.equal(error.code, code, error.message);
  for (const word of words) assert.match(error.details, word);
}

describe('the beginning of a stream', () => {
  it('ConnectCarriesTheStartPositionAndTheTopics', async (t) => {
    const bridge = await startBridge(t);
    const [last] = await publish(bridge, [tick(1)]);
    const stream = await openStream(t, bridge.url('/v1/room/1'));
    const connect = await stream.next('connect');
    assert.equal(connect.id, last);
    assert.deepEqual(JSON.parse(connect.data), {topics: ['room/1']});
  });

  it('ConnectHeartbeatAndRetryAreTheRoutes', async (t) => {
    const bridge = await startBridge(t, {config: config({routes: [
      {
        path: '/named', topics: ['room/1'], retry: '1500ms',
        connect: {event: 'hello', data: {at: '${now}', to: '${subject}', of: '${topics}', n: 1}},
        heartbeat: {interval: '100ms', event: 'ping', data: {timestamp: '${now}'}},
      },
      {
        path: '/bare', topics: ['room/1'], connect: {enabled: false},
        heartbeat: {interval: '100ms'},
      },
    ]})});
    const named = await openStream(t, bridge.url('/named'));
    const hello = JSON.parse((await named.next('hello')).data);
    assert.match(hello.at, rfc3339);
    assert.equal(hello.n, 1);
    assert.deepEqual(named.retries, [1500]);
    const [first, second] = [await named.next('ping'), await named.next('ping')];
    const times = [first, second].map(({data}) => JSON.parse(data).timestamp);
    times.forEach((time) => assert.match(time, rfc3339));
    assert.ok(times[0] < times[1], 'now is the moment of sending');

    const bare = await openStream(t, bridge.url('/bare'));
    await bare.comments.when((items) => items.length >= 2, 'two comments');
    assert.match(bare.text, /^id: \S+\n\n/);
    assert.deepEqual(bare.events.items, []);
  });

  it('HeartbeatsCarryThePositionSoThatAQuietClientsIdIsNeverStale', async (t) => {
    const bridge = await startBridge(t, {config: config({
      defaults: {heartbeat: {interval: '100ms', event: 'ping'}},
    })});
    const quiet = await openStream(t, bridge.url('/v1/room/quiet'));
    await quiet.next('connect');
    const other = await openStream(t, bridge.url('/v1/room/1'));
    const [id] = await publish(bridge, [tick(1)]);
    await other.next('tick');
    await quiet.events.when((items) => items.some((event) => event.id === id),
        'a heartbeat with the newest id');
  });

  it('StartsAtLatestEarliestOrLastN', async (t) => {
    const starts = ['latest', 'earliest', 'last 2'];
    const bridge = await startBridge(t, {config: config({routes: starts.map((start) => ({
      path: `/${start.replace(' ', '-')}`, topics: ['room/1'], start,
    }))})});
    await publish(bridge, [1, 2, 3].map((n) => tick(n)));
    const streams = await Promise.all(['/latest', '/earliest', '/last-2'].map(
        (path) => openStream(t, bridge.url(path))));
    for (const stream of streams) await stream.next('connect');
    await publish(bridge, [tick(4)]);
    assert.deepEqual(numbers(await streams[0].take(1)), [4]);
    assert.deepEqual(numbers(await streams[1].take(4)), [1, 2, 3, 4]);
    assert.deepEqual(numbers(await streams[2].take(3)), [2, 3, 4]);
  });
});

describe('what a stream delivers', () => {
  it('ResumesByHeaderOrByEitherQueryParameterAndTheHeaderWins', async (t) => {
    const bridge = await startBridge(t);
    const [one, two] = await publish(bridge, [1, 2, 3].map((n) => tick(n)));
    const asks = [
      [{lastEventId: one}, '', [2, 3]],
      [{}, `?last_event_id=${one}`, [2, 3]],
      [{}, `?lastEventId=${two}`, [3]],
      [{lastEventId: two}, `?lastEventId=${one}`, [3]],
    ];
    for (const [options, query, expected] of asks) {
      const stream = await openStream(t, bridge.url(`/v1/room/1${query}`), options);
      assert.deepEqual(numbers(await stream.take(expected.length)), expected);
    }
  });

  it('MergesSeveralTopicsWithRisingIds', async (t) => {
    const bridge = await startBridge(t);
    const topics = ['room/1', 'room/2', 'hall/3'];
    const events = Array.from({length: 60}, (_, n) => tick(n, {topic: topics[n % 3]}));
    await publish(bridge, events.slice(0, 30));
    const query = topics.map((topic) => `topic=${encodeURIComponent(topic)}`).join('&');
    const first = await openStream(t, bridge.url(`/v1/events?${query}`));
    const {id} = await first.next('connect');
    await publish(bridge, events.slice(30, 45));
    await first.take(15);
    const second = await openStream(t, bridge.url(`/v1/events?${query}`), {lastEventId: id});
    await publish(bridge, events.slice(45));
    for (const [stream, from] of [[first, 45], [second, 30]]) {
      const got = await stream.take(60 - from);
      assert.deepEqual(numbers(got), events.slice(from).map(({json}) => json.n));
      got.reduce((before, event) => {
        assert.ok(offset(event.id) > offset(before.id));
        return event;
      });
    }
  });

  it('PassesOnlyWhatTheFilterOfTheRouteWants', async (t) => {
    const bridge = await startBridge(t, {config: config({routes: [{
      path: '/session/{session}/{message}', topics: ['session/{session}'],
      filter: {message: '{message}', lang: '{query.lang}'},
    }]})});
    const stream = await openStream(t, bridge.url('/session/s/m1?lang=en'));
    await stream.next('connect');
    const event = (n, attributes) => ({topic: 'session/s', type: 'tick', json: {n}, attributes});
    await publish(bridge, [
      event(1, {message: 'm1', lang: 'en'}), event(2, {message: 'm2', lang: 'en'}),
      event(3, {message: 'm1'}), event(4, {message: 'm1', lang: 'en', more: 'x'}),
    ]);
    assert.deepEqual(numbers(await stream.take(2)), [1, 4]);
    const missing = await request(bridge.url('/session/s/m1'));
    assert.equal(missing.status, 400);
    assert.match(missing.json().detail, /lang/);
  });

  it('WritesTextLinesRetryAndEventsWithoutTypeOrData', async (t) => {
    const bridge = await startBridge(t);
    const stream = await openStream(t, bridge.url('/v1/room/1'));
    await stream.next('connect');
    const ids = await publish(bridge, [
      {topic: 'room/1', text: 'one\ntwo\r\nthree'},
      {topic: 'room/1', retry: {seconds: 2}},
      {topic: 'room/1', type: 'big', raw_json: ' {"n" : 12345678901234567890.10 } '},
      {topic: 'room/1', type: 'last', retry: {seconds: 3}, json: null},
    ]);
    await stream.next('last');
    const blocks = stream.text.split('\n\n').slice(1, 5);
    assert.deepEqual(blocks, [
      `id: ${ids[0]}\ndata: one\ndata: two\ndata: three`,
      `id: ${ids[1]}\nretry: 2000`,
      `event: big\nid: ${ids[2]}\ndata: {"n":12345678901234567890.10}`,
      `event: last\nid: ${ids[3]}\nretry: 3000\ndata: null`,
    ]);
  });

  it('DeliversTransientEventsLiveWithoutAnIdAndDoesNotKeepThem', async (t) => {
    const bridge = await startBridge(t);
    const live = await openStream(t, bridge.url('/v1/room/1'));
    const {id: start} = await live.next('connect');
    const [kept, transient] = await publish(bridge, [tick(1), tick(2, {transient: true})]);
    assert.equal(transient, '');
    const events = await live.take(2);
    assert.deepEqual(events.map(({id}) => id), [kept, undefined]);
    const late = await openStream(t, bridge.url('/v1/room/1'), {lastEventId: start});
    await late.take(1);
    await publish(bridge, [tick(3)]);
    assert.deepEqual(numbers(await late.take(1)), [3]);
  });

  it('SendsPublishersIdsWhereTheRouteSaysSoAndResumesFromThem', async (t) => {
    const bridge = await startBridge(t, {config: config({routes: [
      {path: '/own', topics: ['room/1'], frames: {ids: 'publisher'}},
    ]})});
    const live = await openStream(t, bridge.url('/own'));
    await publish(bridge, [tick(1, {id: 'msg-1'}), tick(2, {id: 'msg-2'}), tick(3, {id: 'msg-3'})]);
    assert.deepEqual((await live.take(3)).map(({id}) => id), ['msg-1', 'msg-2', 'msg-3']);
    const late = await openStream(t, bridge.url('/own'), {lastEventId: 'msg-1'});
    assert.deepEqual(numbers(await late.take(2)), [2, 3]);
  });

  it('CanSwitchIdsAndEventLinesOffAndReplaceFramesByRule', async (t) => {
    const bridge = await startBridge(t, {config: config({routes: [{
      path: '/bare', topics: ['room/1'], connect: {enabled: false},
      frames: {ids: 'off', event_line: false, rules: [{type: 'end', text: '__END__'}]},
    }]})});
    const stream = await openStream(t, bridge.url('/bare'));
    await eventually(() => onRoom(bridge), 'the subscription');
    await publish(bridge, [tick(1), {topic: 'room/1', type: 'end', json: {}, end_of_stream: true}]);
    assert.deepEqual(await stream.ended(), {clean: true});
    assert.equal(stream.text, 'data: {"n":1}\n\ndata: __END__\n\n');
  });
});

describe('gaps', () => {
  const small = config({event_log: {memory: {events_per_topic: 5}}, hub: {window_bytes: 1}});

  it('NameTheTopicAndBothPositionsWhenTheLogHasLetGo', async (t) => {
    const bridge = await startBridge(t, {config: small});
    const ids = await publish(bridge, Array.from({length: 20}, (_, n) => tick(n)));
    const stream = await openStream(t, bridge.url('/v1/room/1'), {lastEventId: ids[3]});
    const gap = await stream.next('gap');
    const data = JSON.parse(gap.data);
    assert.equal(data.topic, 'room/1');
    assert.equal(JSON.stringify(data).includes(ids[3]), true, gap.data);
    assert.ok(gap.id, 'the gap carries the resumed position');
    assert.equal(JSON.stringify(data).includes(gap.id), true, gap.data);
    const rest = await stream.take(5);
    assert.deepEqual(numbers(rest), [15, 16, 17, 18, 19]);
    assert.ok(offset(gap.id) < offset(rest[0].id) && offset(gap.id) >= offset(ids[3]));
  });

  it('AreNotToldWhenNothingOfTheTopicWasMissed', async (t) => {
    const bridge = await startBridge(t, {config: small});
    const [id] = await publish(bridge, [tick(1)]);
    await publish(bridge, Array.from({length: 20}, (_, n) => tick(n, {topic: 'room/other'})));
    const stream = await openStream(t, bridge.url('/v1/room/1'), {lastEventId: id});
    await publish(bridge, [tick(2)]);
    assert.deepEqual(numbers(await stream.take(1)), [2]);
  });

  it('AreToldForAnotherEpochAndForAnIdPastTheEnd', async (t) => {
    const bridge = await startBridge(t, {config: small});
    const [id] = await publish(bridge, [tick(1)]);
    const [epoch] = id.split('-');
    const strange = [`${'0'.repeat(15)}1-1`, `${epoch}-999999`];
    for (const lastEventId of strange) {
      const stream = await openStream(t, bridge.url('/v1/room/1'), {lastEventId});
      const gap = await stream.next('gap');
      assert.match(gap.data, new RegExp(lastEventId));
    }
  });

  it('ReachGrpcSubscribersToo', async (t) => {
    const bridge = await startBridge(t, {config: small});
    const ids = await publish(bridge, Array.from({length: 20}, (_, n) => tick(n)));
    const {events} = subscribe(t, bridge, {topics: ['room/1'], last_event_id: ids[0]});
    const got = await events.when((items) => items.length >= 6 && items, 'gap and events');
    assert.equal(got[0].type, 'gap');
    assert.deepEqual(numbers(got.slice(1)), [15, 16, 17, 18, 19]);
  });
});

describe('the end of a stream', () => {
  const end = (more = {}) => ({topic: 'room/1', type: 'end', json: {}, end_of_stream: true, ...more});

  it('ClosesTheStreamAndAnswers204ToTheIdOfTheEnd', async (t) => {
    const bridge = await startBridge(t);
    const stream = await openStream(t, bridge.url('/v1/room/1'));
    await stream.next('connect');
    const [, endId] = await publish(bridge, [tick(1), end()]);
    const event = await stream.next('end');
    assert.deepEqual(await stream.ended(), {clean: true});
    assert.match(event.id, new RegExp(`^${endId.replace('.end', '')}\\.end$`));
    const again = await request(bridge.url('/v1/room/1'), {headers: {'last-event-id': event.id}});
    assert.equal(again.status, 204);
    assert.equal(again.body, '');
    // Something new has passed since: the stream goes on.
    await publish(bridge, [tick(2)]);
    const further = await openStream(t, bridge.url('/v1/room/1'), {lastEventId: event.id});
    assert.equal(further.status, 200);
    assert.deepEqual(numbers(await further.take(1)), [2]);
  });

  it('NeverAnswers204WithoutAnId', async (t) => {
    const bridge = await startBridge(t, {config: config({routes: [
      {path: '/early', topics: ['room/1'], start: 'earliest'},
    ]})});
    await publish(bridge, [end()]);
    const first = await openStream(t, bridge.url('/early'));
    assert.equal(first.status, 200);
    await first.next('end');
    assert.deepEqual(await first.ended(), {clean: true});
  });

  it('EndsASessionOnSeveralTopicsWhenEachHasEnded', async (t) => {
    const bridge = await startBridge(t);
    const stream = await openStream(t, bridge.url('/v1/events?topic=room/1&topic=room/2'));
    await stream.next('connect');
    await publish(bridge, [end()]);
    await stream.next('end');
    await publish(bridge, [tick(1, {topic: 'room/2'}), end({topic: 'room/2'})]);
    await stream.next('tick');
    await stream.next('end');
    assert.deepEqual(await stream.ended(), {clean: true});
  });

  it('EndsOnlyTheSubscriptionsWhoseFilterItPasses', async (t) => {
    const bridge = await startBridge(t, {config: config({routes: [
      {path: '/m/{m}', topics: ['room/1'], filter: {m: '{m}'}},
    ]})});
    const [one, two] = [await openStream(t, bridge.url('/m/1')), await openStream(t, bridge.url('/m/2'))];
    await one.next('connect');
    await two.next('connect');
    await publish(bridge, [end({attributes: {m: '1'}}), tick(1, {attributes: {m: '2'}})]);
    await one.ended();
    assert.deepEqual(numbers(await two.take(1)), [1]);
  });
});

describe('publishing', () => {
  it('StoresAPublishersIdOnceAndRefusesItWithOtherContent', async (t) => {
    const bridge = await startBridge(t);
    const live = await openStream(t, bridge.url('/v1/room/1'));
    await live.next('connect');
    const send = (json) => new Promise((resolve, reject) => {
      client(t, bridge, 'Publisher').Publish(
          {events: [{topic: 'room/1', type: 'tick', id: 'once', raw_json: JSON.stringify(json)}]},
          (error, response) => error ? reject(error) : resolve(response));
    });
    const first = await send({n: 1});
    const second = await send({n: 1});
    assert.equal(second.results[0].duplicate, true);
    assert.equal(second.results[0].id, first.results[0].id);
    assert.equal(first.deduplication_window.seconds, '120');
    await refused(send({n: 2}), status.ALREADY_EXISTS, /events\[0\]\.id/);
    await publish(bridge, [tick(3)]);
    assert.deepEqual(numbers(await live.take(2)), [1, 3]);
  });

  const bad = [
    ['no topic', {type: 'a', json: 1}, /events\[1\]\.topic/],
    ['an empty segment', tick(1, {topic: 'a//b'}), /events\[1\]\.topic/],
    ['nine segments', tick(1, {topic: 'a/b/c/d/e/f/g/h/i'}), /events\[1\]\.topic/],
    ['a line break in the type', tick(1, {type: 'a\nb'}), /events\[1\]\.type/],
    ['NUL in the type', tick(1, {type: 'a\0b'}), /events\[1\]\.type/],
    ['a line break in the id', tick(1, {id: 'a\rb'}), /events\[1\]\.id/],
    ['a line break in an attribute', tick(1, {attributes: {a: 'b\n'}}), /events\[1\]\.attributes/],
    ['broken JSON', {topic: 'room/1', type: 'a', raw_json: '{"a":'}, /events\[1\]\.raw_json/],
    ['no payload', {topic: 'room/1', type: 'a'}, /events\[1\]/],
    ['a transient end', tick(1, {transient: true, end_of_stream: true}), /events\[1\]/],
    ['a negative retry', tick(1, {retry: {seconds: -1}}), /events\[1\]\.retry/],
    ['an unknown Any', {topic: 'room/1', message: {type_url: 'type.example/no.Such', value: Buffer.alloc(0)}},
      /events\[1\]\.message.*no\.Such/],
  ];
  for (const [what, event, ...words] of bad) {
    it(`RefusesTheWholeRequestAndNamesEventAndField: ${what}`, async (t) => {
      const bridge = await startBridge(t);
      const live = await openStream(t, bridge.url('/v1/room/1'));
      await live.next('connect');
      await refused(publish(bridge, [tick(1), event]), status.INVALID_ARGUMENT, ...words);
      await publish(bridge, [tick(2)]);
      assert.deepEqual(numbers(await live.take(1)), [2]);
    });
  }

  it('NamesTheBoundThatWasPassed', async (t) => {
    const bridge = await startBridge(t, {config: config({
      limits: {payload_bytes: 100, events_per_publish: 3, json_depth: 4},
    })});
    await refused(publish(bridge, [tick('x'.repeat(200))]), status.RESOURCE_EXHAUSTED, /payload_bytes/);
    await refused(publish(bridge, [1, 2, 3, 4].map((n) => tick(n))), status.RESOURCE_EXHAUSTED,
        /events_per_publish/);
    const deep = publish(bridge, [{topic: 'room/1', type: 'a', raw_json: '[[[[[[1]]]]]]'}]);
    await assert.rejects(deep, /json_depth|depth/);
  });

  it('AnswersEveryRequestOfAStreamInOrderAndGoesOnAfterABadOne', async (t) => {
    const bridge = await startBridge(t);
    const live = await openStream(t, bridge.url('/v1/room/1'));
    await live.next('connect');
    const stream = publishStream(t, bridge);
    await stream.send([tick(1)]);
    await stream.send([tick(2), {topic: '', type: 'bad', json: 1}]);
    await stream.send([tick(3)]);
    const results = await stream.results.when((items) => items.length >= 3 && items, 'three answers');
    assert.deepEqual(results.map(({status: answer}) => answer?.code ?? 0),
        [status.OK, status.INVALID_ARGUMENT, status.OK]);
    assert.match(results[1].status.message, /events\[1\]\.topic/);
    assert.deepEqual(numbers(await live.take(2)), [1, 3]);
    stream.end();
    await stream.results.when(() => false, 'the end').catch((error) =>
      assert.match(error.message, /stream was closed/));
  });
});

async function onRoom(bridge) {
  return (await request(bridge.url('/v1/stats'))).json().subscribers.by_topic['room/1'];
}
