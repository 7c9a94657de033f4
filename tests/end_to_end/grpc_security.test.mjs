// The gRPC port against those who do not belong there, with Node's own gRPC: TLS and client certificates,
// who may publish where, reflection and Admin, connections that never become any, too few open files.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import {writeFileSync} from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import {describe} from 'node:test';
import grpc from '@grpc/grpc-js';
import {makeAuthority, replace, tlsOf} from './certificates.mjs';
import {
  allow, call, loadProto, metadata, publish, startAuthorizer, status, toEvent,
} from './grpc.mjs';
import {
  Feed, buildFolder, eventually, it, openToAll, run, start, startBridge, token, within, writeConfig,
} from './harness.mjs';
import {request} from './sse.mjs';

const {sluice} = loadProto('sluice/v1/publisher.proto', 'sluice/v1/subscriber.proto', 'sluice/v1/admin.proto');
const {grpc: standard} = loadProto('grpc/reflection/v1/reflection.proto', 'grpc/reflection/v1alpha/reflection.proto',
    'grpc/health/v1/health.proto');

const note = (topic) => toEvent({topic, type: 'note', json: {x: 1}});

// A client of a bridge that speaks TLS; `own`: the certificate it shows.
function secureClient(t, bridge, {ca, own, Service = sluice.v1.Publisher}) {
  const credentials = grpc.credentials.createSsl(Buffer.from(ca), own && Buffer.from(own.key),
      own && Buffer.from(own.certificate));
  const stub = new Service(`127.0.0.1:${bridge.grpcPort}`, credentials);
  t.after(() => stub.close());
  return stub;
}

// The status code of publishing to `topics` in one request.
async function codeOf(stub, topics, options) {
  try {
    await call(stub, 'Publish', {events: topics.map(note)}, options);
    return status.OK;
  } catch (error) {
    return error.code;
  }
}

describe('TLS on the gRPC port', () => {
  it('ShowsWhoItIsByItsCertificateAndPublishesOnlyWhereThatMay', async (t) => {
    const authority = makeAuthority(t);
    const stranger = makeAuthority(t, 'another authority');
    const authorizer = await startAuthorizer(t, ({topics, certificate_names: names}) => {
      const denied = topics.filter((topic) => !(names.includes('orders.example') && topic.startsWith('orders/')));
      return denied.length ?
        {decision: 'DECISION_DENY_FORBIDDEN', denied_topics: denied} : allow({subject: names[0]});
    });
    const bridge = await startBridge(t, {config: {
      authorizer: {grpc: {address: authorizer.address, send_certificate_names: true}},
      publishing: {authorize: true},
      grpc: {tls: {...tlsOf(authority.issue('server')), client_ca_file: authority.file}},
    }});
    const ca = authority.pem;
    const names = 'DNS:orders.example,URI:spiffe://example/orders';
    const orders = secureClient(t, bridge, {ca, own: authority.issue('orders', names)});
    const other = secureClient(t, bridge, {ca, own: authority.issue('other', 'DNS:other.example')});
    assert.equal(await codeOf(orders, ['orders/1', 'orders/2']), status.OK);
    assert.deepEqual(authorizer.asked.items[0].certificate_names, ['orders.example', 'spiffe://example/orders']);
    await assert.rejects(call(orders, 'Publish', {events: ['orders/1', 'bills/1'].map(note)}),
        {code: status.PERMISSION_DENIED, details: /^events\[1\]: .*bills\/1/});
    assert.equal(await codeOf(other, ['orders/1']), status.PERMISSION_DENIED);

    const asked = authorizer.asked.items.length;
    const nobody = [
      secureClient(t, bridge, {ca}),
      secureClient(t, bridge, {ca, own: stranger.issue('orders', names)}),
    ];
    for (const stub of nobody) assert.equal(await codeOf(stub, ['orders/1'], {ms: 3000}), status.UNAVAILABLE);
    const plain = new sluice.v1.Publisher(`127.0.0.1:${bridge.grpcPort}`, grpc.credentials.createInsecure());
    t.after(() => plain.close());
    assert.equal(await codeOf(plain, ['orders/1'], {ms: 3000}), status.UNAVAILABLE);
    assert.equal(authorizer.asked.items.length, asked);

    const stream = orders.PublishStream(metadata());
    t.after(() => stream.cancel());
    const results = new Feed();
    stream.on('data', (response) => response.results.forEach((result) => results.push(result)));
    stream.on('error', (error) => results.end(error.message));
    for (const topic of ['orders/1', 'bills/1', 'orders/2']) stream.write({events: [note(topic)]});
    const answers = await results.when((items) => items.length === 3 && items, 'three answers');
    assert.deepEqual(answers.map((answer) => answer.status?.code ?? 0), [0, status.PERMISSION_DENIED, 0]);
  });

  it('GoesByTheNamesInACertificateWithoutAskingAnybody', async (t) => {
    const authority = makeAuthority(t);
    const bridge = await startBridge(t, {config: {
      ...openToAll,
      authorizers: {services: {certificate: {rules: [
        {names: ['spiffe://example/ns/*/orders'], publish: ['orders/**']},
        {names: ['*.bills.example'], publish: ['bills/*']},
      ]}}},
      publishing: {authorizers: ['services']},
      grpc: {tls: {
        ...tlsOf(authority.issue('server')), client_ca_file: authority.file, client_certificates: 'optional',
      }},
    }});
    const ca = authority.pem;
    const as = (name, names) => secureClient(t, bridge, {ca, own: authority.issue(name, names)});
    const orders = as('orders', 'URI:spiffe://example/ns/shop/orders');
    assert.equal(await codeOf(orders, ['orders/1', 'orders/1/items']), status.OK);
    assert.equal(await codeOf(orders, ['bills/1']), status.PERMISSION_DENIED);
    assert.equal(await codeOf(as('bills', 'DNS:eu.bills.example'), ['bills/1']), status.OK);
    for (const names of ['DNS:bills.example', 'DNS:x.bills.example.evil', 'URI:spiffe://example/ns/a/b/orders']) {
      assert.equal(await codeOf(as('other', names), ['bills/1']), status.PERMISSION_DENIED);
    }
    assert.equal(await codeOf(secureClient(t, bridge, {ca}), ['orders/1']), status.UNAUTHENTICATED);
  });

  it('TakesNewFilesUnderRunningCallsAndKeepsTheOldOnesWhileThoseDoNotFit', async (t) => {
    const authority = makeAuthority(t);
    const pair = authority.issue('server');
    const bridge = await startBridge(t, {config: {...openToAll, grpc: {tls: tlsOf(pair)}}});
    const serial = async () => {
      const socket = tls.connect({
        port: bridge.grpcPort, host: '127.0.0.1', servername: 'localhost', ca: authority.pem, ALPNProtocols: ['h2'],
      });
      await within(10_000, once(socket, 'secureConnect'), 'a handshake');
      const {serialNumber} = socket.getPeerCertificate();
      socket.destroy();
      return serialNumber;
    };
    const first = await serial();
    const subscriber = secureClient(t, bridge, {ca: authority.pem, Service: sluice.v1.Subscriber});
    const events = new Feed();
    const stream = subscriber.Subscribe({topics: ['room/1']}, metadata());
    t.after(() => stream.cancel());
    stream.on('data', (event) => events.push(event));
    stream.on('error', (error) => events.end(error.message));
    await within(10_000, once(stream, 'metadata'), 'the stream opens');

    const next = authority.issue('next');
    writeFileSync(pair.keyFile, next.key);
    await bridge.log.when((lines) => lines.some((line) => /read before is kept.*grpc\.tls\.key_file/.test(line)),
        'the pair is reported');
    assert.equal(await serial(), first);
    replace(pair, next);
    await eventually(async () => await serial() !== first, 'the new certificate is shown');
    const publisher = secureClient(t, bridge, {ca: authority.pem});
    assert.equal(await codeOf(publisher, ['room/1']), status.OK);
    await events.when((items) => items.length === 1, 'the event, on the stream from before');
  });

  it('DoesNotStartWithFilesThatCannotBeUsed', async (t) => {
    const authority = makeAuthority(t);
    const pair = authority.issue('server');
    for (const keyFile of [path.join(authority.folder, 'nothing.pem'), authority.issue('other').keyFile]) {
      const config = writeConfig(t, {...openToAll, grpc: {tls: tlsOf({...pair, keyFile})}});
      const {code, err} = await run(t, path.join(buildFolder, 'sluice'), ['--config', config]);
      assert.equal(code, 1);
      assert.match(err, /grpc\.tls\.key_file: /);
    }
  });
});

describe('Reflection and Admin', () => {
  const versions = ['v1', 'v1alpha'].map((version) => standard.reflection[version].ServerReflection);

  // The code that the first answer comes with.
  async function reflect(t, bridge, Service, credential) {
    const stub = new Service(bridge.grpc, grpc.credentials.createInsecure());
    t.after(() => stub.close());
    const stream = stub.ServerReflectionInfo(metadata(credential));
    t.after(() => stream.cancel());
    const code = new Promise((resolve) => {
      stream.on('data', () => resolve(status.OK));
      stream.on('error', (error) => resolve(error.code));
    });
    stream.write({list_services: '*'});
    return within(10_000, code, 'an answer');
  }

  it('AreGuardedEachOnTheirOwn', async (t) => {
    const guard = await startAuthorizer(t, ({action, credential}) =>
      action === 'ACTION_REFLECT' && credential === token('debug') ?
        allow() : {decision: 'DECISION_DENY_UNAUTHENTICATED'});
    const bridge = await startBridge(t, {config: {
      ...openToAll, authorizers: {guard: {grpc: {address: guard.address}}},
      grpc: {reflection_authorizers: ['guard'], admin: false},
    }});
    for (const Service of versions) {
      assert.equal(await reflect(t, bridge, Service), status.UNAUTHENTICATED);
      assert.equal(await reflect(t, bridge, Service, token('other')), status.UNAUTHENTICATED);
      assert.equal(await reflect(t, bridge, Service, token('debug')), status.OK);
    }
    const stub = (Service) => {
      const made = new Service(bridge.grpc, grpc.credentials.createInsecure());
      t.after(() => made.close());
      return made;
    };
    await assert.rejects(call(stub(sluice.v1.Admin), 'GetStats', {}), {code: status.UNIMPLEMENTED});
    assert.equal((await call(stub(standard.health.v1.Health), 'Check', {})).status, 'SERVING');
    guard.stop();
    await eventually(async () => await reflect(t, bridge, versions[0], token('debug')) === status.UNAVAILABLE,
        'nobody gets in while it is away', 15_000);
  });

  it('AreNotThereWhereTheyAreOff', async (t) => {
    const bridge = await startBridge(t, {config: {...openToAll, grpc: {reflection: false}}});
    for (const Service of versions) assert.equal(await reflect(t, bridge, Service), status.UNIMPLEMENTED);
  });
});

describe('Connections of the gRPC port', () => {
  // `bytes` are sent, then nothing.
  async function connect(t, port, bytes = '') {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    await once(socket, 'connect').catch(() => {});
    socket.resume();
    if (bytes) socket.write(bytes);
    return socket;
  }
  const connectMany = (t, port, count, bytes = () => '') =>
    Promise.all(Array.from({length: count}, (_, i) => connect(t, port, bytes(i))));

  it('AreGoneWhenTheyNeverBecomeAnyAndOthersGetThroughMeanwhile', async (t) => {
    const bridge = await startBridge(t);
    const said = ['', 'PRI * HTTP/2.0\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\x16\x03\x01'];
    const began = Date.now();
    const sockets = await connectMany(t, bridge.grpcPort, 2000, (i) => said[i % said.length]);
    for (let i = 0; i < 5; ++i) {
      const stub = new sluice.v1.Publisher(bridge.grpc, grpc.credentials.createInsecure(),
          {'grpc.use_local_subchannel_pool': 1});
      t.after(() => stub.close());
      assert.equal(await codeOf(stub, ['room/1']), status.OK);
      if (i === 0) assert.ok(sockets.filter((socket) => !socket.closed).length > 1000, 'they are still there');
    }
    await eventually(() => sockets.every((socket) => socket.closed), 'all of them are closed', 30_000);
    assert.ok(Date.now() - began < 30_000);
    await publish(bridge, [note('room/1')]);
  });

  // A bridge that has few open files.
  async function startNarrow(t, files) {
    const program = start(t, 'bash', ['-c', `ulimit -n ${files}; exec "$@"`, 'bash', path.join(buildFolder, 'sluice'),
      '--config', writeConfig(t, {...openToAll, hub: {shards: 1}}),
      '--http-listen', '127.0.0.1:0', '--grpc-listen', '127.0.0.1:0']);
    const line = await program.log.when((lines) => lines.find((one) => / ready /.test(one)), 'it is ready');
    const [http, rpc] = ['http', 'grpc'].map((key) => line.match(new RegExp(`\\b${key}=([0-9.:]+)`))[1]);
    return {
      ...program, scope: t, grpc: rpc, httpPort: Number(http.split(':')[1]), grpcPort: Number(rpc.split(':')[1]),
      url: (target) => `http://${http}${target}`,
    };
  }

  it('AreTakenAgainOnceThereAreOpenFiles', async (t) => {
    const bridge = await startNarrow(t, 64);
    await publish(bridge, [note('room/1')]);
    // The HTTP port takes what there is; what is left over waits in the kernel.
    const flood = await connectMany(t, bridge.httpPort, 100);
    await connectMany(t, bridge.grpcPort, 4);
    await bridge.log.when((lines) => lines.some((line) => /cannot accept a connection.*listener=grpc/.test(line)),
        'it has run out');
    for (const socket of flood) socket.destroy();
    const stub = new sluice.v1.Publisher(bridge.grpc, grpc.credentials.createInsecure(),
        {'grpc.use_local_subchannel_pool': 1});
    t.after(() => stub.close());
    assert.equal(await codeOf(stub, ['room/1']), status.OK);
  });

  it('LeaveOpenFilesToTheHttpSide', async (t) => {
    const bridge = await startNarrow(t, 128);
    const flood = await connectMany(t, bridge.grpcPort, 200);
    await eventually(() => flood.filter((socket) => socket.closed).length >= 150, 'most are refused');
    assert.equal((await request(bridge.url('/health'))).status, 200);
    await eventually(() => flood.every((socket) => socket.closed), 'the rest is cut off', 30_000);
    await eventually(async () => (await codeOf(new sluice.v1.Publisher(bridge.grpc,
        grpc.credentials.createInsecure()), ['room/1'])) === status.OK, 'there is room again', 30_000);
  });
});
