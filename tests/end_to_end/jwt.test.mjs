// JSON Web Tokens that a library of others makes, with keys that an issuer of the tests' own publishes.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import {describe} from 'node:test';
import {SignJWT, UnsecuredJWT, base64url, exportJWK, generateKeyPair} from 'jose';
import {
  eventually, freePort, it, startBridge, startWebServer, temporaryFolder,
} from './harness.mjs';
import {call, client, publish, publishStream, status, subscribe} from './grpc.mjs';
import {makeAuthority} from './certificates.mjs';
import {openStream, request} from './sse.mjs';

const ISSUER = 'https://issuer.example';
const tick = (n, more = {}) => ({topic: 'room/1', type: 'tick', json: {n}, ...more});
const likeEventSource = {'accept': 'text/event-stream', 'cache-control': 'no-cache'};
const bearer = (token) => ({headers: {authorization: `Bearer ${token}`}});

// A key of an issuer: signs tokens, and shows what checks them.
async function makeKey(alg, kid = alg) {
  let signing;
  let jwk;
  if (alg === 'HS256') {
    signing = randomBytes(32);
    jwk = {kty: 'oct', k: base64url.encode(signing)};
  } else {
    const pair = await generateKeyPair(alg, {extractable: true});
    signing = pair.privateKey;
    jwk = await exportJWK(pair.publicKey);
  }
  return {
    jwk: {...jwk, kid, use: 'sig'},
    // Every token that was made goes into `made`: none may be in a log.
    sign: async (claims = {}, {header = {}, seconds = 600} = {}) => {
      const token = await new SignJWT({
        iss: ISSUER, aud: 'sluice', sub: 'ada', iat: now(), exp: now() + seconds, ...claims,
      }).setProtectedHeader({alg, kid, ...header}).sign(signing);
      made.push(token);
      return token;
    },
  };
}
const made = [];
const now = () => Math.floor(Date.now() / 1000);

// Publishes key sets: `issuer.keys` are those of now.
async function startIssuer(t, keys) {
  const issuer = {keys, fetched: 0};
  const {origin, port} = await startWebServer(t, (asked, answer) => {
    issuer.fetched++;
    answer.setHeader('content-type', 'application/jwk-set+json');
    answer.end(JSON.stringify({keys: issuer.keys.map(({jwk}) => jwk)}));
  });
  return Object.assign(issuer, {port, url: `${origin}/keys`});
}

function bridgeOf(t, jwt, config = {}) {
  return startBridge(t, {secrets: made, config: {
    authorizer: {jwt: {
      issuer: ISSUER, audiences: ['sluice'], subscribe: ['room/*', 'user/{sub}'], publish: ['room/*'], ...jwt,
    }},
    publishing: {authorize: true}, ...config,
  }});
}

const opens = async (t, bridge, token) => {
  const stream = await openStream(t, bridge.url('/v1/room/1'), bearer(token));
  if (stream.status === 200) await stream.next('connect');
  return stream;
};

describe('tokens that are checked by the bridge', () => {
  for (const alg of ['HS256', 'RS256', 'ES256', 'EdDSA']) {
    it(`OpenStreamsAndPublishWith: ${alg}`, async (t) => {
      const key = await makeKey(alg);
      const issuer = await startIssuer(t, [key]);
      const bridge = await bridgeOf(t, {keys: [{jwks_url: issuer.url}]});
      const credential = await key.sign();
      const stream = await opens(t, bridge, credential);
      assert.equal(stream.status, 200);
      const {events} = subscribe(t, bridge, {topics: ['room/1'], start: 'earliest'}, {credential});
      await publish(bridge, [tick(1)], {credential});
      assert.deepEqual((await stream.take(1)).map(({data}) => JSON.parse(data)), [{n: 1}]);
      await events.when((items) => items.length >= 1, 'an event over gRPC');
      await assert.rejects(publish(bridge, [tick(2, {topic: 'hall/1'})], {credential}),
          (error) => error.code === status.PERMISSION_DENIED && /hall\/1/.test(error.details));

      const stranger = await (await makeKey(alg)).sign();
      const refused = await request(bridge.url('/v1/room/1'), bearer(stranger));
      assert.equal(refused.status, 401);
      assert.match(refused.json().detail, /the token's signature is not good/);
      await assert.rejects(publish(bridge, [tick(3)], {credential: stranger}), {code: status.UNAUTHENTICATED});
      const {finished} = subscribe(t, bridge, {topics: ['room/1']}, {credential: stranger});
      assert.equal((await finished).code, status.UNAUTHENTICATED);
    });
  }

  it('AreRefusedForOneThingThatIsNotRight', async (t) => {
    const [rsa, secret] = [await makeKey('RS256'), await makeKey('HS256')];
    const issuer = await startIssuer(t, [rsa, secret]);
    const bridge = await bridgeOf(t, {keys: [{jwks_url: issuer.url}]});
    const good = await rsa.sign();
    const [header, payload, signature] = good.split('.');
    const unsecured = new UnsecuredJWT({iss: ISSUER, aud: 'sluice', sub: 'ada', exp: now() + 600}).encode();
    const rows = [
      [undefined, 401, /no token was sent/],
      [unsecured, 401, /not whole/],
      [`${unsecured}${signature}`, 401, /algorithm is not accepted/],
      [await rsa.sign({}, {seconds: -60}), 401, /has expired/],
      [await rsa.sign({nbf: now() + 600}), 401, /not valid yet/],
      [await rsa.sign({aud: 'other'}), 401, /another audience/],
      [await rsa.sign({aud: undefined}), 401, /no `aud`/],
      [await rsa.sign({iss: 'https://other.example'}), 401, /another issuer/],
      [await rsa.sign({exp: undefined}), 401, /no `exp`/],
      [await rsa.sign({}, {header: {kid: 'HS256'}}), 401, /key is not known/],
      [await rsa.sign({}, {header: {kid: '../../dev/null'}}), 401, /key is not known/],
      [`${header}.${payload}.${signature.slice(0, -6)}`, 401, /signature is not good/],
      [`${header}.${payload}`, 401, /no signed JSON Web Token/],
      [`${good}.${signature}`, 401, /no signed JSON Web Token/],
      [good, 200],
      [await secret.sign({sub: 'bob'}), 200],
    ];
    for (const [token, expected, detail] of rows) {
      const answer = await openStream(t, bridge.url('/v1/room/1'), token ? bearer(token) : {});
      assert.equal(answer.status, expected, String(detail));
      if (expected === 200) continue;
      await answer.closed;
      assert.match(answer.text, detail);
      assert.ok(!token || !answer.text.includes(token.slice(-40)));
      assert.match(answer.headers['www-authenticate'], /^Bearer/);
      await assert.rejects(publish(bridge, [tick(1)], {credential: token}), {code: status.UNAUTHENTICATED});
    }
    const huge = await request(bridge.url('/v1/room/1'), bearer(await rsa.sign({more: 'x'.repeat(7000)})));
    assert.equal(huge.status, 401);
    assert.match(huge.json().detail, /too long/);
  });

  it('GiveTheRightsThatTheyClaim', async (t) => {
    const key = await makeKey('EdDSA');
    const issuer = await startIssuer(t, [key]);
    const bridge = await bridgeOf(t, {keys: [{jwks_url: issuer.url}], subscribe: ['user/{sub}'], publish: []}, {
      routes: [{path: '/mine', topics: ['user/{subject}']}], http: {public_stats: true},
    });
    const asked = async (target, claims) =>
      (await openStream(t, bridge.url(target), bearer(await key.sign(claims)))).status;
    assert.equal(await asked('/mine', {}), 200);
    assert.equal(await asked('/v1/user/ada', {}), 200);
    assert.equal(await asked('/v1/user/bob', {}), 403);
    assert.equal(await asked('/v1/user/bob', {sub: 'bob'}), 200);
    assert.equal(await asked('/v1/user/bob', {sub: '*'}), 403);
    assert.equal(await asked('/v1/room/1', {}), 403);
    assert.equal(await asked('/v1/room/1', {sluice: {subscribe: ['room/*']}}), 200);
    assert.equal(await asked('/v1/room/1', {'sluice.subscribe': ['room/1']}), 200);
    assert.equal(await asked('/v1/room/1', {'sluice': {subscribe: ['room/*']}, 'sluice.subscribe': []}), 401);
    assert.equal(await asked('/v1/stats', {}), 403);
    assert.equal(await asked('/v1/stats', {sluice: {stats: true}}), 200);

    const credential = await key.sign({sluice: {publish: ['room/1']}});
    await publish(bridge, [tick(1)], {credential});
    const relay = publishStream(t, bridge, {credential});
    await relay.send([tick(2, {topic: 'room/2'})]);
    await relay.send([tick(3)]);
    const answers = await relay.results.when((items) => items.length >= 2 && items, 'two answers');
    assert.deepEqual(answers.map(({status: answer}) => answer?.code ?? 0), [status.PERMISSION_DENIED, 0]);
    const admin = client(t, bridge, 'Admin');
    await assert.rejects(call(admin, 'ListTopics', {}, {credential}), {code: status.PERMISSION_DENIED});
    await call(admin, 'ListTopics', {}, {credential: await key.sign({sluice: {admin: true}})});
  });

  it('EndTheirStreamWhenTheyExpire', async (t) => {
    const key = await makeKey('ES256');
    const issuer = await startIssuer(t, [key]);
    const bridge = await bridgeOf(t, {keys: [{jwks_url: issuer.url}], leeway: '0s'});
    const stream = await opens(t, bridge, await key.sign({}, {seconds: 2}));
    assert.equal(stream.status, 200);
    const error = await stream.next('error');
    assert.equal(JSON.parse(error.data).code, 'unauthenticated');
    assert.deepEqual(await stream.ended(), {clean: true});
  });
});

describe('keys of tokens', () => {
  it('AreRotatedWithoutARefusal', async (t) => {
    const [first, second] = [await makeKey('ES256', 'first'), await makeKey('ES256', 'second')];
    const issuer = await startIssuer(t, [first]);
    const bridge = await bridgeOf(t, {keys: [{jwks_url: issuer.url, refresh: '1h'}]});
    const [old, young] = [await first.sign(), await second.sign()];
    const running = await opens(t, bridge, old);
    assert.equal(running.status, 200);
    issuer.keys = [first, second];
    // The first token of the new key waits for it.
    const streams = await Promise.all([1, 2, 3].map(() => opens(t, bridge, young)));
    assert.deepEqual(streams.map((stream) => stream.status), [200, 200, 200]);
    assert.equal((await opens(t, bridge, old)).status, 200);
    const {fetched} = issuer;
    assert.ok(fetched <= 4, `${fetched} fetches`);
    // Unknown ids do not make it ask again and again: they are told to come back meanwhile.
    for (let i = 0; i < 20; i++) {
      const unknown = await (await makeKey('ES256', `unknown-${i}`)).sign();
      const {status: answer} = await request(bridge.url('/v1/room/1'), bearer(unknown));
      assert.ok(answer === 503 || (answer === 401 && issuer.fetched > fetched), String(answer));
    }
    assert.ok(issuer.fetched <= fetched + 1, `${issuer.fetched - fetched} more`);
    await publish(bridge, [tick(1)], {credential: young});
    await running.take(1);
  });

  it('ThatAreTakenAwayLetNobodyInAnyMore', async (t) => {
    const [first, second] = [await makeKey('EdDSA', 'first'), await makeKey('EdDSA', 'second')];
    const issuer = await startIssuer(t, [first]);
    const bridge = await bridgeOf(t, {keys: [{jwks_url: issuer.url, refresh: '1s'}]});
    const token = await first.sign();
    assert.equal((await opens(t, bridge, token)).status, 200);
    issuer.keys = [second];
    await eventually(async () => (await opens(t, bridge, token)).status === 401, 'the key is gone');
    assert.equal((await opens(t, bridge, await second.sign())).status, 200);
  });

  it('FailClosedUntilTheyAreThereAndAreKeptWhenTheirServerIsAway', async (t) => {
    const key = await makeKey('RS256');
    const port = await freePort();
    const bridge = await bridgeOf(t, {keys: [{jwks_url: `http://127.0.0.1:${port}/keys`, refresh: '1s'}]});
    const token = await key.sign();
    const away = await request(bridge.url('/v1/room/1'), bearer(token));
    assert.equal(away.status, 503);
    assert.match(away.headers['retry-after'], /^\d+$/);
    const source = await request(bridge.url('/v1/room/1'),
        {headers: {...likeEventSource, ...bearer(token).headers}});
    assert.equal(source.status, 200);
    assert.match(source.body, /^retry: \d+\n\n$/);
    await assert.rejects(publish(bridge, [tick(1)], {credential: token}), {code: status.UNAVAILABLE});
    assert.equal((await request(bridge.url('/v1/room/1'), bearer('a.b.c'))).status, 401);

    let answer = () => JSON.stringify({keys: [key.jwk]});
    const asked = {count: 0};
    const server = http.createServer((_, response) => {
      asked.count++;
      response.end(answer());
    }).listen(port, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    await eventually(async () => (await opens(t, bridge, token)).status === 200, 'the keys are there');
    // What it says next is no key set, and then it is gone.
    answer = () => '<html>down for maintenance</html>';
    const before = asked.count;
    await eventually(() => asked.count > before + 1, 'it is asked again');
    assert.equal((await opens(t, bridge, token)).status, 200);
    const logged = bridge.log.items.length;
    server.closeAllConnections();
    server.close();
    await bridge.log.when((lines) => lines.slice(logged).some((line) => /connect to server/.test(line)),
        'it is away');
    assert.equal((await opens(t, bridge, token)).status, 200);
  });

  it('AreTakenFromAnAddressWhoseAuthorityIsNamedAndFromNoOther', async (t) => {
    const key = await makeKey('ES256');
    const [authority, other] = [makeAuthority(t), makeAuthority(t, 'Another authority')];
    const pair = authority.issue('issuer');
    let answered = 0;
    const server = https.createServer({key: pair.key, cert: pair.certificate}, (_, response) => {
      answered++;
      response.end(JSON.stringify({keys: [key.jwk]}));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const url = `https://localhost:${server.address().port}/keys`;
    for (const [ca_file, expected] of [[other.file, 503], [authority.file, 200]]) {
      const bridge = await bridgeOf(t, {keys: [{jwks_url: url, ca_file}]});
      assert.equal((await openStream(t, bridge.url('/v1/room/1'), bearer(await key.sign()))).status, expected);
      if (expected === 503) assert.equal(answered, 0);
    }
    assert.ok(answered > 0);
  });

  it('AreNotTakenFromAnAddressThatHangsOrShowsNoGoodCertificate', async (t) => {
    const key = await makeKey('ES256');
    const folder = temporaryFolder(t);
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
      '-days', '1', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1',
      '-keyout', path.join(folder, 'key.pem'), '-out', path.join(folder, 'certificate.pem')], {stdio: 'ignore'});
    let answered = 0;
    const server = https.createServer({
      key: readFileSync(path.join(folder, 'key.pem')), cert: readFileSync(path.join(folder, 'certificate.pem')),
    }, (_, response) => {
      answered++;
      response.end(JSON.stringify({keys: [key.jwk]}));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const bridge = await bridgeOf(t, {keys: [{jwks_url: `https://127.0.0.1:${server.address().port}/keys`}]});
    assert.equal((await request(bridge.url('/v1/room/1'), bearer(await key.sign()))).status, 503);
    assert.equal(answered, 0);
    await bridge.log.when((lines) => lines.some((line) => /could not be fetched.*certificate/.test(line)),
        'the log says why');

    // One that never answers: other questions are answered meanwhile, and the bridge ends without it.
    const hanging = await startWebServer(t, () => {});
    const own = randomBytes(32).toString('hex');
    const other = await bridgeOf(t, {keys: [
      {jwks_url: `${hanging.origin}/keys`}, {id: 'own', algorithm: 'HS256', secret: own},
    ]}, {drain_timeout: '1s'});
    const waiting = request(other.url('/v1/room/1'), bearer(await key.sign())).catch(() => {});
    const token = await new SignJWT({iss: ISSUER, aud: 'sluice', sub: 'ada', exp: now() + 600})
        .setProtectedHeader({alg: 'HS256', kid: 'own'}).sign(Buffer.from(own));
    assert.equal((await opens(t, other, token)).status, 200);
    const began = Date.now();
    await other.stop('SIGTERM');
    assert.ok(Date.now() - began < 8_000);
    await waiting;
  });
});
