// Several bridges at one NATS: what is done at one holds at all, and any of them answers for all.
import assert from 'node:assert/strict';
import path from 'node:path';
import {existsSync} from 'node:fs';
import {describe} from 'node:test';
import {
  eventually, freePort, it as test, openToAll, repository, start, startBridge, temporaryFolder, token,
} from './harness.mjs';
import {call, client, publish, status, subscribe} from './grpc.mjs';
import {Link} from './links.mjs';
import {openStream, request} from './sse.mjs';

const server = '/usr/sbin/nats-server';
const it = (name, body) => test(name, body, {skip: !existsSync(server) && 'nats-server is not installed'});
const code = (event) => JSON.parse(event.data).code;
const credential = token('ada');
const headers = {authorization: `Bearer ${credential}`};

async function startNats(t, configuration = []) {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const nats = {
    port,
    address: `nats://127.0.0.1:${port}`,
    async start() {
      nats.process = start(t, server, ['-js', '-a', '127.0.0.1', '-p', String(port), '-sd', folder, ...configuration]);
      await nats.process.log.when((lines) => lines.some((line) => /Server is ready/.test(line)), 'NATS is ready');
    },
  };
  await nats.start();
  return nats;
}

async function startAuthorizer(t, answer) {
  const program = start(t, process.execPath,
      [path.join(repository, 'tests/end_to_end/authorizer_process.mjs'), '0'], {input: 'pipe'});
  const address = await program.output.when(
      (lines) => lines.map((line) => line.match(/^listening (\S+)/)?.[1]).find(Boolean), 'the authorizer listens');
  const count = (word) => program.output.items.filter((line) => line.startsWith(word)).length;
  const tell = async (command) => {
    const before = count('done');
    program.child.stdin.write(`${JSON.stringify(command)}\n`);
    await eventually(() => count('done') > before, 'the command is taken');
  };
  await tell({answer});
  return {address, tell, asked: () => count('asked'), watched: () => eventually(() => count('watched'), 'it is watched')};
}
const allowAda = {decision: 'DECISION_ALLOW', subject: 'ada'};

async function startNode(t, nats, name, config = openToAll) {
  const bridge = await startBridge(t, {config: {...config, fleet: {name, nats: {servers: [nats.address]}}}});
  return {...bridge, admin: client(t, bridge, 'Admin')};
}

// Bridges that know each other. `authorizer`: whom they ask, and listen to.
async function startFleet(t, {names = ['one', 'two'], authorizer, watches = names} = {}) {
  const nats = await startNats(t);
  const nodes = [];
  for (const name of names) {
    nodes.push(await startNode(t, nats, name, authorizer ? {
      authorizer: {grpc: {address: authorizer.address, watch_revocations: watches.includes(name)}},
      access: {max_age: '10m', cache: {entries: 0}}, http: {public_stats: true},
    } : openToAll));
  }
  for (const node of nodes) await knows(node, names.length - 1);
  return {nats, nodes};
}

const fleetOf = async (node) => (await request(node.url('/v1/stats'), {headers})).json().fleet;
const knows = (node, others) => eventually(async () => {
  const fleet = await fleetOf(node);
  return fleet.reached && fleet.others.length === others && fleet;
}, `it knows ${others} others`, 20_000);

async function openTicks(t, node, target = '/v1/room/1') {
  const stream = await openStream(t, node.url(target), {headers});
  assert.equal(stream.status, 200);
  await stream.next('connect');
  return stream;
}

const admin = (node, method, message = {}) => call(node.admin, method, message, {credential, ms: 20_000});

describe('a fleet of bridges', () => {
  it('DisconnectsAtAllOfThemWhicheverIsAsked', async (t) => {
    const authorizer = await startAuthorizer(t, allowAda);
    const {nodes: [one, two]} = await startFleet(t, {authorizer});
    for (const by of ['subject', 'topic', 'topic_pattern', 'subscriber_id']) {
      const stream = await openTicks(t, two);
      const {finished} = subscribe(t, two, {topics: ['room/1']}, {credential});
      const {subscribers} = await eventually(async () => {
        const list = await admin(one, 'ListSubscribers', {topic: 'room/1'});
        return list.subscribers.length === 2 && list;
      }, 'both are there');
      assert.deepEqual(subscribers.map(({member}) => member), ['two', 'two']);
      const id = subscribers.find(({transport}) => transport === 'http').subscriber_id;
      const value = {subject: 'ada', topic: 'room/1', topic_pattern: 'room/**', subscriber_id: id}[by];
      assert.equal((await admin(one, 'Disconnect', {[by]: 'nobody/9'})).disconnected, '0');
      const answer = await admin(one, 'Disconnect', {[by]: value, reason: 'test'});
      assert.equal(answer.disconnected, by === 'subscriber_id' ? '1' : '2');
      assert.deepEqual(answer.members.map(({member, disconnected}) => [member.name, disconnected]),
          [['one', '0'], ['two', answer.disconnected]]);
      assert.equal(answer.incomplete, '');
      assert.equal(code(await stream.next('error', 1000)), 'disconnected');
      assert.deepEqual(await stream.ended(1000), {clean: true});
      if (by === 'subscriber_id') await admin(two, 'Disconnect', {subject: 'ada'});
      assert.equal((await finished).code, status.ABORTED);
    }
    await two.log.when((lines) => lines.some((line) =>
      /disconnected by an operator of another member member=one .*why=test/.test(line)), 'the line');
    await assert.rejects(admin(one, 'Disconnect'), {code: status.INVALID_ARGUMENT});
    await authorizer.tell({answer: {decision: 'DECISION_DENY_FORBIDDEN'}});
    await assert.rejects(admin(one, 'Disconnect', {subject: 'ada'}), {code: status.PERMISSION_DENIED});
  });

  it('EndsEverywhereWhatAnAuthorizerOfOneTakesBack', async (t) => {
    const authorizer = await startAuthorizer(t, allowAda);
    const {nodes: [, two]} = await startFleet(t, {authorizer, watches: ['one']});
    await authorizer.watched();
    const stream = await openTicks(t, two);
    await authorizer.tell({revoke: {subject: 'bob'}});
    await authorizer.tell({revoke: {subject: 'ada'}});
    assert.equal(code(await stream.next('error', 2000)), 'forbidden');
    assert.deepEqual(await stream.ended(1000), {clean: true});
  });

  it('AnswersForAllFromAnyOfThem', async (t) => {
    const {nodes: [one, two]} = await startFleet(t);
    await openTicks(t, one);
    await openTicks(t, two);
    await openTicks(t, two, '/v1/room/2');
    await publish(one, [{topic: 'room/1', type: 'tick', json: 1}]);
    for (const node of [one, two]) {
      const stats = await admin(node, 'GetStats');
      assert.equal(stats.subscribers, '3');
      assert.equal(stats.events_published_total, '1');
      assert.equal(stats.incomplete, '');
      assert.deepEqual(stats.members.map(({member, stats: theirs}) => [member.name, theirs.subscribers]).sort(),
          [['one', '1'], ['two', '2']]);
      assert.ok(stats.members.every(({member}) => member.version && member.uptime && member.id));
      const {topics, total} = await admin(node, 'ListTopics', {prefix: 'room/'});
      assert.deepEqual(topics, [
        {topic: 'room/1', subscribers: '2', subscribers_by_member: {one: '1', two: '1'}},
        {topic: 'room/2', subscribers: '1', subscribers_by_member: {two: '1'}}]);
      assert.equal(total, '2');
      const list = await admin(node, 'ListSubscribers');
      assert.equal(new Set(list.subscribers.map(({subscriber_id: id}) => id)).size, 3);
    }
    const local = await admin(two, 'GetStats', {local: true});
    assert.equal(local.subscribers, '2');
    assert.deepEqual(local.members, []);
  });

  it('NamesAMemberThatDoesNotAnswerAndTellsItWhenItGoesOn', async (t) => {
    const {nodes: [one, two, three]} = await startFleet(t, {names: ['one', 'two', 'three']});
    const streams = [await openTicks(t, two), await openTicks(t, three)];
    process.kill(two.pid, 'SIGSTOP');
    const began = Date.now();
    const failure = await admin(one, 'Disconnect', {topic: 'room/1'}).then(() => assert.fail('it is told'), (error) => error);
    assert.ok(Date.now() - began < 5000, 'within the bound');
    assert.equal(failure.code, status.UNAVAILABLE);
    assert.match(failure.details, /ended 1 streams at 2 of 3 .*two: has not answered in time/);
    const details = String(failure.metadata.get('grpc-status-details-bin')[0]);
    assert.match(details, /sluice\.v1\.DisconnectResponse.*one.*three/s, 'with what was done');
    assert.equal(code(await streams[1].next('error', 1000)), 'disconnected');
    await eventually(async () => (await fleetOf(one)).others.some(({silent_seconds: s}) => s >= 4), 'it is silent', 20_000);
    const stats = await admin(one, 'GetStats');
    assert.match(stats.incomplete, /two: is silent/);
    assert.equal(stats.members.find(({member}) => member.name === 'two').stats, null);
    process.kill(two.pid, 'SIGCONT');
    assert.equal(code(await streams[0].next('error', 20_000)), 'disconnected');
    await knows(one, 2);
    await eventually(async () => (await admin(one, 'GetStats')).incomplete === '', 'all answer', 20_000);
  });

  it('KeepsItsPromiseToAMemberThatWasCutOffThoughTheOneThatGaveItIsGone', async (t) => {
    const nats = await startNats(t);
    const link = await Link.open(t, nats.port);
    const one = await startNode(t, nats, 'one');
    const two = await startNode(t, {address: `nats://127.0.0.1:${link.port}`}, 'two');
    const three = await startNode(t, nats, 'three');
    for (const node of [one, two, three]) await knows(node, 2);
    const stream = await openTicks(t, two);
    link.reset();
    await eventually(async () => !(await fleetOf(two)).reached, 'it is cut off');
    await assert.rejects(admin(one, 'Disconnect', {topic: 'room/1'}), ({code: failed, details}) =>
      failed === status.UNAVAILABLE && /ended 0 streams at 2 of 3 .*two: /.test(details));
    await one.stop('SIGKILL');
    assert.ok(!stream.events.items.some(({event}) => event === 'error'), 'it could not know');
    link.heal();
    assert.equal(code(await stream.next('error', 20_000)), 'disconnected');
  });

  it('SaysSoWhileNatsIsAwayAndTellsTheOthersWhenItIsBack', async (t) => {
    const {nats, nodes: [one, two]} = await startFleet(t);
    const streams = [await openTicks(t, one), await openTicks(t, two)];
    await nats.process.stop('SIGKILL');
    await eventually(async () => !(await fleetOf(one)).reached, 'it is noticed');
    await assert.rejects(admin(one, 'Disconnect', {topic: 'room/1'}), ({code: failed, details}) =>
      failed === status.UNAVAILABLE && /ended 1 streams at 1 of 2 .*NATS is away/.test(details));
    assert.equal(code(await streams[0].next('error', 1000)), 'disconnected');
    assert.match((await admin(one, 'GetStats')).incomplete, /NATS is away; two: was not asked/);
    assert.equal((await request(one.url('/ready'))).status, 200, 'it serves on');
    await nats.start();
    assert.equal(code(await streams[1].next('error', 20_000)), 'disconnected');
  });

  it('SaysSoWhereItMayNotUseItsSubjects', async (t) => {
    const folder = temporaryFolder(t);
    const file = path.join(folder, 'nats.conf');
    const {writeFileSync} = await import('node:fs');
    writeFileSync(file, 'authorization: {users: [{user: a, password: b, permissions: {publish: "other.>", subscribe: ">"}}]}');
    writeFileSync(path.join(folder, 'password'), 'b\n');
    const nats = await startNats(t, ['-c', file]);
    const bridge = await startBridge(t, {config: {...openToAll, fleet: {
      nats: {servers: [nats.address], user: 'a', password_file: path.join(folder, 'password')},
    }}});
    const node = {...bridge, admin: client(t, bridge, 'Admin')};
    await assert.rejects(admin(node, 'Disconnect', {topic: 'room/1'}), {code: status.UNAVAILABLE});
    assert.equal((await fleetOf(node)).reached, false);
  });

  it('IsThereWhereTheEventLogIsInJetStream', async (t) => {
    const nats = await startNats(t);
    const config = {...openToAll, event_log: {jetstream: {servers: [nats.address], subject_prefix: 'events'}}};
    const nodes = [await startBridge(t, {config}), await startBridge(t, {config})];
    for (const node of nodes) await knows(node, 1);
    const stream = await openTicks(t, nodes[1]);
    const answer = await admin({admin: client(t, nodes[0], 'Admin')}, 'Disconnect', {topic: 'room/1'});
    assert.equal(answer.disconnected, '1');
    assert.equal(new Set(answer.members.map(({member}) => member.name)).size, 2, 'each has a name of its own');
    assert.equal(code(await stream.next('error', 1000)), 'disconnected');
    await nodes[1].stop();
    await knows(nodes[0], 0);
  });
});
