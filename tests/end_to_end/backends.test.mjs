// How the bridge reaches backends: over TLS, with certificates of both sides, and what it takes from them.
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import path from 'node:path';
import {describe} from 'node:test';
import {fileURLToPath} from 'node:url';
import grpc from '@grpc/grpc-js';
import {makeAuthority} from './certificates.mjs';
import {it, openToAll, run, start, startBridge, temporaryFolder} from './harness.mjs';
import {openStream, request} from './sse.mjs';
import {startBackend} from './typed.mjs';

const folder = path.dirname(fileURLToPath(import.meta.url));

async function compileCalls(t) {
  const file = path.join(temporaryFolder(t), 'calls.binpb');
  const {code, err} = await run(t, 'protoc', [
    `-I${folder}`, `--descriptor_set_out=${file}`, '--include_imports', 'calls.proto',
  ]);
  assert.equal(code, 0, err);
  return file;
}

// `backends`: {name: {address, tls}}; each is called by its name.
const startCaller = (t, file, backends) => startBridge(t, {config: {
  ...openToAll,
  schema: {descriptor_sets: [file]},
  backends: Object.fromEntries(Object.entries(backends).map(
      ([name, backend]) => [name, {reflection: false, ...backend}])),
  routes: Object.keys(backends).map((name) => ({
    path: `/${name}`, public: true, connect: {enabled: false},
    call: {backend: name, method: 'calls.v1.Speaker/Speak'},
  })),
}});

describe('a backend', () => {
  it('IsReachedOverTlsWithTheRightCertificatesOfBothSidesOnly', async (t) => {
    const file = await compileCalls(t);
    const [servers, clients, others] = ['servers', 'clients', 'others'].map((name) => makeAuthority(t, name));
    const own = servers.issue('backend', 'IP:127.0.0.1');
    const {address, calls} = await startBackend(t, readFileSync(file), 'calls.v1.Speaker', 'Speak', (call) => {
      call.write({n: 1, text: 'hello'});
      call.end();
    }, {credentials: grpc.ServerCredentials.createSsl(
        Buffer.from(clients.pem), [{private_key: Buffer.from(own.key), cert_chain: Buffer.from(own.certificate)}], true)});
    const shown = (authority, name) => {
      const {certificateFile, keyFile} = authority.issue(name, `DNS:${name}`);
      return {certificate_file: certificateFile, key_file: keyFile};
    };
    const right = shown(clients, 'bridge');
    const bridge = await startCaller(t, file, {
      right: {address, tls: {ca_file: servers.file, ...right}},
      another_authority: {address, tls: {ca_file: others.file, ...right}},
      the_systems_authorities: {address, tls: {...right}},
      no_certificate: {address, tls: {ca_file: servers.file}},
      certificate_of_another: {address, tls: {ca_file: servers.file, ...shown(others, 'stranger')}},
      another_name: {address, tls: {ca_file: servers.file, ...right, server_name: 'elsewhere.example'}},
      plain: {address},
    });
    const stream = await openStream(t, bridge.url('/right'));
    await stream.ended();
    assert.deepEqual(JSON.parse(stream.events.items[0].data), {n: 1, text: 'hello'});
    assert.equal(calls.items.length, 1);
    for (const wrong of ['another_authority', 'the_systems_authorities', 'no_certificate', 'certificate_of_another',
      'another_name', 'plain']) {
      assert.equal((await request(bridge.url(`/${wrong}`))).status, 503, wrong);
    }
    assert.equal(calls.items.length, 1, 'nobody else has asked it for anything');
  });

  it('InflatesNothingInTheBridge', async (t) => {
    const backend = start(t, '/usr/bin/python3', [path.join(folder, 'bomb.py')]);
    const address = await backend.output.when(
        (lines) => lines.map((line) => line.match(/listening on (\S+)/)?.[1]).find(Boolean), 'it listens');
    const bridge = await startCaller(t, await compileCalls(t), {bomb: {address}});
    const {status, body} = await request(bridge.url('/bomb'));
    assert.ok(status >= 500 || !body.includes('word'), `${status} ${body.slice(0, 200)}`);
    const peak = Number(readFileSync(`/proc/${bridge.pid}/status`, 'utf8').match(/VmHWM:\s+(\d+) kB/)[1]);
    assert.ok(peak < 90 * 1024, `it took ${peak} kB`);
  });
});
