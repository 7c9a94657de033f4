// deploy/examples/cluster: its script, its balancers, its files for real hosts, and the third system on it, "several
// stateless instances side by side on one distributed log: a client may connect to any of them".
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, before, describe} from 'node:test';
import {publish} from './grpc.mjs';
import {
  buildFolder, eventually, it as test, repository, run, scope, start, steadyPort, temporaryFolder, within,
} from './harness.mjs';
import {missing} from './nats_cluster.mjs';
import {openStream, request} from './sse.mjs';
import {examples, pack} from './typed.mjs';

const folder = path.join(examples, 'cluster');
const read = (name) => readFileSync(path.join(folder, name), 'utf8');
const it = (name, body) => test(name, body, {skip: missing});

// The first of `count` ports that follow each other and are free.
async function steadyPorts(count) {
  for (;;) {
    const first = await steadyPort();
    const used = await Promise.all(Array.from({length: count}, (_, i) =>
      request(`http://127.0.0.1:${first + i}/`).then(() => true, ({code}) => code !== 'ECONNREFUSED')));
    if (!used.some(Boolean)) return first;
  }
}

// What run.sh starts: {script, bridges, children()}.
async function startCluster(t, {config, data = temporaryFolder(t)} = {}) {
  const [nats, routes, monitor] = [await steadyPorts(3), await steadyPorts(3), await steadyPorts(3)];
  const [http, grpc] = [await steadyPorts(2), await steadyPorts(2)];
  const script = start(t, path.join(folder, 'run.sh'), config ? ['--config', config] : [], {env: {
    SLUICE: path.join(buildFolder, 'sluice'), DATA: data, NATS_PORT: nats, NATS_ROUTE_PORT: routes, NATS_MONITOR_PORT: monitor,
    HTTP_PORT: http, GRPC_PORT: grpc,
  }});
  await script.output.when((lines) => lines.some((line) => /Ctrl-C ends everything/.test(line)), 'the cluster runs', 90_000);
  // pid -> the last part of its command line
  const children = () => new Map(execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(script.pid)], {encoding: 'utf8'})
      .trim().split('\n').map((line) => line.trim().split(/ (.*)/)).map(([pid, command]) => [Number(pid), command]));
  return {
    script, children, data,
    bridges: [0, 1].map((i) => ({
      scope: t, httpPort: http + i, http: `127.0.0.1:${http + i}`, grpc: `127.0.0.1:${grpc + i}`,
      url: (target) => `http://127.0.0.1:${http + i}${target}`,
      kill: () => process.kill([...children()].find(([, command]) => command.includes(`127.0.0.1:${http + i}`))[0], 'SIGKILL'),
    })),
    killServer: () => process.kill([...children()].find(([, command]) => /nats-server/.test(command))[0], 'SIGKILL'),
  };
}

const note = (text) => ({topic: 'room/lobby', json: {text}});
const texts = (events) => events.map(({data}) => JSON.parse(data).text);

describe('the cluster of the examples', () => {
  it('RunsByOneScriptAsItSaysGoesOnWithoutAServerAndKeepsItsEvents', async (t) => {
    const {script, bridges, children, data, killServer} = await startCluster(t);
    const printed = script.output.items.join('\n').replaceAll('\\\n', ' ');
    // A server is gone while somebody reads; what the script says to do is done as it says.
    const stream = await openStream(t, printed.match(/curl -N (\S+)/)[1]);
    const {id} = await stream.next('connect');
    const [, command] = printed.match(/(buf curl .*?\/sluice\.v1\.Publisher\/Publish)/);
    const buf = path.join(repository, 'tests/end_to_end/node_modules/.bin/buf');
    const published = await run(t, 'bash', ['-c', command.replace(/^buf/, buf)]);
    assert.equal(published.code, 0, published.err);
    assert.equal((await stream.take(1))[0].data, '{"hello":"world"}');
    killServer();
    await script.output.when((lines) => lines.some((line) => /nats-\d .*has ended/.test(line)), 'it says so');
    await eventually(() => publish(bridges[0], [{...note('still here'), id: 'n1'}]).then(() => true, () => false), 'publishes go on', 30_000);
    assert.deepEqual(texts(await stream.take(1, 30_000)), ['still here']);

    const pids = [...children().keys()];
    assert.equal(pids.length, 4);
    process.kill(-script.pid, 'SIGINT');
    assert.deepEqual(await within(30_000, script.exited, 'it ends'), {code: 0, signal: null});
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), {code: 'ESRCH'});

    const again = await startCluster(t, {data});
    const resumed = await openStream(t, again.bridges[1].url('/v1/room/lobby'), {lastEventId: id});
    const events = await resumed.take(2);
    assert.deepEqual(events.map((event) => event.data), ['{"hello":"world"}', '{"text":"still here"}']);
  });

  it('SaysWhatIsMissingOrTaken', async (t) => {
    const none = await run(t, path.join(folder, 'run.sh'), [], {env: {SLUICE: '/nowhere/sluice'}});
    assert.equal(none.code, 1);
    assert.match(none.err, /\/nowhere\/sluice is not here: deploy\/quickstart\.sh --build-only/);
    const wrong = await run(t, path.join(folder, 'run.sh'), ['--what']);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /deploy\/examples\/cluster\/run\.sh \[--config FILE\]/);
  });

  it('ServesTheTokenStreamByTwoInstancesBetweenWhichAClientMoves', async (t) => {
    const {bridges, script} = await startCluster(t, {config: path.join(examples, 'token-stream.yaml')});
    const [one, two] = bridges;
    const message = pack('token-stream');
    const event = (payload) => ({topic: 'session/s1', attributes: {chat_message_id: 'm1'}, message: payload});
    const token = (text) => event(message('token_stream.v1.Token', {token: text}));
    const target = '/api/stream/s1/m1';
    const words = 'Each of these words is a token that came by one of two instances'.split(' ');
    const expected = [];
    const say = async (bridge, count) => {
      for (const word of words.splice(0, count)) {
        await publish(bridge, [token(word)]);
        expected.push(JSON.stringify({token: word}));
      }
    };

    // One client reads all at the second; the other one moves, twice.
    const steady = await openStream(t, two.url(target));
    const first = await openStream(t, one.url(target));
    await say(one, 3);
    await say(two, 2);
    const seen = await first.take(4);
    first.close();
    await say(one, 2);
    const second = await openStream(t, two.url(target), {lastEventId: seen.at(-1).id});
    seen.push(...await second.take(3));
    // The instance that took half of it dies.
    one.kill();
    await script.output.when((lines) => lines.some((line) => /bridge-1 .*has ended/.test(line)), 'it is gone');
    await say(two, 3);
    seen.push(...await second.take(3));
    second.close();
    await say(two, words.length);
    const third = await openStream(t, two.url(target), {lastEventId: seen.at(-1).id});
    await publish(two, [event(message('token_stream.v1.End'))]);
    await third.ended();
    seen.push(...third.events.items);
    await steady.ended();
    const data = (events) => events.map((one) => one.data);
    assert.deepEqual(data(seen), [...expected, '__END__']);
    assert.deepEqual(data(steady.events.items), [...expected, '__END__']);
    assert.deepEqual(seen.map(({id}) => id), steady.events.items.map(({id}) => id));
    // It is over at whichever instance, also for who comes only now.
    const over = await request(two.url(target), {headers: {'last-event-id': seen.at(-1).id}});
    assert.equal(over.status, 204);
    const late = await openStream(t, two.url(target));
    await late.ended();
    assert.deepEqual(data(late.events.items), [...expected, '__END__']);
  });
});

// A balancer of the examples before a cluster, on free ports.
async function startBalancer(t, {program, file, check, args}, bridges) {
  const [port, publishing] = [await steadyPort(), await steadyPort()];
  const ports = {
    8080: port, 9090: publishing, 8081: bridges[0].httpPort, 8082: bridges[1].httpPort,
    9091: bridges[0].grpc.split(':')[1], 9092: bridges[1].grpc.split(':')[1],
  };
  const own = path.join(temporaryFolder(t), file);
  writeFileSync(own, read(file).replace(/:(8080|8081|8082|9090|9091|9092)\b/g, (_, number) => `:${ports[number]}`)
      .replace('/tmp/sluice-nginx.pid', `${own}.pid`));
  const checked = await run(t, program, check(own));
  assert.equal(checked.code, 0, checked.err);
  assert.doesNotMatch(checked.err, /warn/i);
  start(t, program, args(own));
  const url = (target) => `http://127.0.0.1:${port}${target}`;
  await eventually(() => request(url('/ready')).then(({status}) => status === 200, () => false), 'the balancer answers');
  return {url, scope: t, grpc: `127.0.0.1:${publishing}`};
}

const balancers = {
  haproxy: {
    program: '/usr/sbin/haproxy', file: 'haproxy.cfg', check: (file) => ['-c', '-f', file], args: (file) => ['-f', file],
  },
  nginx: {
    program: '/usr/sbin/nginx', file: 'nginx.conf', check: (file) => ['-t', '-c', file],
    args: (file) => ['-c', file, '-g', 'daemon off;'],
  },
};

describe('the balancers of the examples', () => {
  for (const [name, balancer] of Object.entries(balancers)) {
    test(`${name} KeepsATopicsSubscribersTogetherAndPassesStreams`, async (t) => {
      const {bridges, data, script} = await startCluster(t);
      const front = await startBalancer(t, balancer, bridges);
      const topics = Array.from({length: 12}, (_, i) => `room/${i}`);
      // Which bridges have streams of a topic, by their logs.
      const bridgesOf = (topic) => bridges.map((_, i) => i).filter((i) =>
        new RegExp(`stream opened .*topics=${topic}\\b`).test(readFileSync(path.join(data, `bridge-${i + 1}.log`), 'utf8')));
      const streams = [];
      for (const credential of ['ada', 'bob', 'eve']) {
        for (const topic of topics) {
          const [, several] = [`/v1/${topic}`, `/v1/events?topic=several/${topic.slice(5)}&token=${credential}`];
          streams.push({topic, stream: await openStream(t, front.url(`/v1/${topic}?token=${credential}`))});
          await openStream(t, front.url(several));
        }
      }
      for (const {stream} of streams) await stream.next('connect');
      const places = topics.flatMap((topic) => [bridgesOf(topic), bridgesOf(topic.replace('room', 'several'))]);
      places.forEach((of) => assert.equal(of.length, 1, JSON.stringify(places)));
      assert.equal(new Set(places.flat()).size, 2, 'both bridges have some');

      await publish(front, topics.map((topic) => ({...note('one'), topic})));
      for (const {stream} of streams) assert.deepEqual(texts(await stream.take(1, 2_000)), ['one']);

      // A bridge dies: its topics go on at the other one.
      const [gone] = bridgesOf('room/0');
      bridges[gone].kill();
      await script.output.when((lines) => lines.some((line) => /bridge-\d .*has ended/.test(line)), 'it is gone');
      const [{stream: cut}] = streams;
      await cut.ended();
      await publish(bridges[1 - gone], [{...note('two'), topic: 'room/0'}]);
      const resumed = await eventually(async () => {
        const stream = await openStream(t, front.url('/v1/room/0'), {lastEventId: cut.events.items.at(-1).id});
        return stream.status === 200 && stream;
      }, 'the balancer knows that it is gone', 20_000);
      assert.deepEqual(texts(await resumed.take(1)), ['two']);
      assert.deepEqual(bridgesOf('room/0').sort(), [0, 1]);
    }, {skip: missing || (!existsSync(balancer.program) && `${name} is not installed`)});
  }
});

describe('the files of the examples for real hosts', () => {
  const parsed = (file) => JSON.parse(execFileSync('/usr/bin/python3',
      ['-c', 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))', path.join(folder, file)]));

  test('ComposeIsWhole', async () => {
    const {services, volumes} = parsed('compose.yaml');
    assert.deepEqual(Object.keys(services), ['nats', 'bridge', 'balancer']);
    for (const [name, service] of Object.entries(services)) {
      for (const volume of service.volumes) {
        const [from] = volume.split(':');
        if (from.startsWith('./')) assert.ok(existsSync(path.join(folder, from)), volume);
        else assert.ok(from in volumes, volume);
      }
      assert.equal(service.restart, 'unless-stopped', name);
      assert.ok(service.image, name);
    }
    for (const name of ['nats', 'bridge']) assert.equal(services[name].healthcheck.test[0], 'CMD');
    assert.ok(existsSync(path.join(folder, services.bridge.build.context, services.bridge.build.dockerfile)));
    // What the files take from the environment is given, and what the hosts must say is in .env.example.
    const taken = (name) => [...read(name).matchAll(/(?<!\$)\$\{?([A-Z][A-Z_0-9]+)/g)].map(([, variable]) => variable);
    for (const variable of taken('nats.conf')) assert.ok(variable in services.nats.environment, variable);
    for (const variable of taken('sluice.yaml')) assert.ok(variable in services.bridge.environment, variable);
    for (const variable of taken('haproxy.cfg')) assert.ok(variable in services.balancer.environment, variable);
    const said = read('.env.example').match(/^[A-Z_0-9]+(?==)/gm);
    assert.deepEqual([...new Set(taken('compose.yaml'))].sort(), said.sort());
    assert.deepEqual(JSON.parse(services.nats.environment.NATS_ROUTES.replace(/\$\{(\w+):\?\}/g, '$1')),
        [1, 2, 3].map((i) => `nats-route://HOST_${i}:6222`));
    // Every host's bridge has its share of clients and of publishers.
    const {environment} = services.balancer;
    for (const i of [1, 2, 3]) {
      assert.equal(environment[`BRIDGE_${i}`], `\${HOST_${i}}:8080`);
      assert.equal(environment[`PUBLISHING_${i}`], `\${HOST_${i}}:9090`);
      assert.equal(read('haproxy.cfg').match(new RegExp(`server bridge-${i} "`, 'g')).length, 2);
    }
    execFileSync('haproxy', ['-c', '-f', path.join(folder, 'haproxy.cfg')], {env: {...process.env,
      ...Object.fromEntries(Object.keys(environment).map((name, i) => [name, name === 'LISTEN' ? '127.0.0.1' : `127.0.0.1:${i + 1}`]))}});
  });

  test('TheImageHasTheLibrariesThatTheBridgeNeeds', async () => {
    const needed = [...execFileSync('readelf', ['-d', path.join(buildFolder, 'sluice')], {encoding: 'utf8'})
        .matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name);
    const known = execFileSync('ldd', [path.join(buildFolder, 'sluice')], {encoding: 'utf8'});
    const files = needed.map((name) => known.match(new RegExp(`${name.replaceAll('+', '\\+')} => (\\S+)`))?.[1]).filter(Boolean);
    const owners = (file) => execFileSync('dpkg', ['-S', `*${path.basename(file)}`], {encoding: 'utf8'})
        .split('\n').map((line) => line.split(':')[0]);
    const image = read('Dockerfile');
    const everywhere = ['libc6', 'libgcc-s1', 'libstdc++6'];
    for (const file of files) {
      const packages = owners(file);
      assert.ok(packages.some((name) => everywhere.includes(name) || image.includes(` ${name}`)), `${file}: ${packages}`);
    }
  });
});
