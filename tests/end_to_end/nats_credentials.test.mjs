// Every way in which a bridge can prove to NATS who it is, each at a real server that lets nobody else in.
import assert from 'node:assert/strict';
import {existsSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {describe} from 'node:test';
import {makeAuthority} from './certificates.mjs';
import {publish} from './grpc.mjs';
import {
  SECRET, eventually, freePort, it as test, openToAll, start, startBridge, temporaryFolder, writeConfig,
} from './harness.mjs';
import {credentials, makeKey, makeToken} from './nats_keys.mjs';
import {openStream, request} from './sse.mjs';

const program = '/usr/sbin/nats-server';
const it = (name, body) => test(name, body, {skip: !existsSync(program) && 'nats-server is not installed'});
const tick = (n) => ({topic: 'room/1', type: 'tick', json: {n}});

// With these lines in its configuration.
async function startNats(t, lines) {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const file = path.join(folder, 'nats.conf');
  writeFileSync(file, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${folder}" }\n${lines}\n`);
  const nats = start(t, program, ['-c', file]);
  await nats.log.when((all) => all.some((line) => /Server is ready/.test(line)), 'NATS is ready');
  return {address: `nats://127.0.0.1:${port}`, tlsAddress: `tls://127.0.0.1:${port}`};
}

function fileOf(t, text) {
  const file = path.join(temporaryFolder(t), 'credential');
  writeFileSync(file, text);
  return file;
}

const startNode = (t, jetstream, secrets = []) => startBridge(t, {
  configFile: writeConfig(t, {...openToAll, event_log: {jetstream}}), secrets,
});

async function assertWorks(t, jetstream, secrets) {
  const bridge = await startNode(t, jetstream, secrets);
  const stream = await openStream(t, bridge.url('/v1/room/1'));
  const {id} = await stream.next('connect');
  await publish(bridge, [tick(1), {...tick(2), transient: true}]);
  const numbers = (await stream.take(2)).map(({data}) => JSON.parse(data).n);
  assert.deepEqual(numbers.sort(), [1, 2]);
  const again = await openStream(t, bridge.url('/v1/room/1'), {lastEventId: id});
  assert.equal(JSON.parse((await again.take(1))[0].data).n, 1);
}

// It runs, says that NATS is away, and takes nothing.
async function assertStaysOut(t, jetstream, secrets) {
  const bridge = await startNode(t, jetstream, secrets);
  await eventually(async () => (await request(bridge.url('/ready'))).status === 503, 'it is not ready');
  assert.match((await request(bridge.url('/ready'))).json().reason, /event log is away/);
  await assert.rejects(publish(bridge, [tick(1)]));
}

// An account whose user may do what docs/operate.md names.
const rights = `permissions: {
  publish: ["$JS.API.>", "$JS.FC.>", "sluice.>"], subscribe: ["_INBOX.>", "sluice.>"]
}`;

describe('a bridge at a NATS server that asks who it is', () => {
  it('ComesWithANameAndItsPassword', async (t) => {
    const nats = await startNats(t,
        `authorization { users: [{user: "bridge", password: "${SECRET}-word", ${rights}}] }`);
    const as = (word) => ({servers: [nats.address], user: 'bridge', password_file: fileOf(t, `${word}\n`)});
    await assertWorks(t, as(`${SECRET}-word`));
    await assertStaysOut(t, as(`${SECRET}-other`));
    await assertStaysOut(t, {servers: [nats.address]});
  });

  it('ComesWithAToken', async (t) => {
    const nats = await startNats(t, `authorization { token: "${SECRET}-token" }`);
    await assertWorks(t, {servers: [nats.address], token_file: fileOf(t, `${SECRET}-token\n`)});
    await assertStaysOut(t, {servers: [nats.address], token_file: fileOf(t, `${SECRET}-other`)});
  });

  it('ComesWithAnNkey', async (t) => {
    const [key, other] = [makeKey('user'), makeKey('user')];
    const nats = await startNats(t, `authorization { users: [{nkey: ${key.public}, ${rights}}] }`);
    const as = ({public: nkey, seed}) => ({servers: [nats.address], nkey, nkey_seed_file: fileOf(t, `${seed}\n`)});
    await assertWorks(t, as(key), [key.seed]);
    await assertStaysOut(t, as(other), [other.seed]);
    await assertStaysOut(t, as({...key, seed: other.seed}), [other.seed]);
  });

  it('ComesWithACredentialsFile', async (t) => {
    const [operator, system, account, user, stranger] =
        ['operator', 'account', 'account', 'user', 'account'].map(makeKey);
    const limits = {
      subs: -1, data: -1, payload: -1, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1,
      mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1,
    };
    const nats = await startNats(t, `
operator: ${makeToken(operator, operator)}
system_account: ${system.public}
resolver: MEMORY
resolver_preload: {
  ${system.public}: ${makeToken(operator, system, {limits: {...limits, mem_storage: 0, disk_storage: 0}})}
  ${account.public}: ${makeToken(operator, account, {limits})}
}`);
    const of = (issuer) => ({
      servers: [nats.address],
      credentials_file: fileOf(t, credentials(makeToken(issuer, user, {subs: -1, data: -1, payload: -1}), user)),
    });
    await assertWorks(t, of(account), [user.seed]);
    await assertStaysOut(t, of(stranger), [user.seed]);
  });

  it('TalksTlsWithAServerOfItsAuthorityAndName', async (t) => {
    const [authority, other] = [makeAuthority(t), makeAuthority(t, 'another')];
    const server = authority.issue('nats', 'DNS:nats.example');
    const nats = await startNats(t,
        `tls { cert_file: "${server.certificateFile}", key_file: "${server.keyFile}" }`);
    const tls = {ca_file: authority.file, server_name: 'nats.example'};
    await assertWorks(t, {servers: [nats.address], tls});
    await assertWorks(t, {servers: [nats.tlsAddress], tls});
    await assertStaysOut(t, {servers: [nats.address], tls: {...tls, ca_file: other.file}});
    await assertStaysOut(t, {servers: [nats.address], tls: {...tls, server_name: 'other.example'}});
    await assertStaysOut(t, {servers: [nats.address]});
  });

  it('TalksTlsWithACertificateOfItsOwn', async (t) => {
    const [authority, other] = [makeAuthority(t), makeAuthority(t, 'another')];
    const server = authority.issue('nats', 'DNS:nats.example');
    const nats = await startNats(t, `tls {
  cert_file: "${server.certificateFile}", key_file: "${server.keyFile}", ca_file: "${authority.file}", verify: true
}`);
    const as = (pair) => ({
      servers: [nats.address],
      tls: {
        ca_file: authority.file, server_name: 'nats.example',
        ...(pair && {certificate_file: pair.certificateFile, key_file: pair.keyFile}),
      },
    });
    await assertWorks(t, as(authority.issue('bridge', 'DNS:bridge.example')));
    await assertStaysOut(t, as(other.issue('bridge', 'DNS:bridge.example')));
    await assertStaysOut(t, as());
  });
});
