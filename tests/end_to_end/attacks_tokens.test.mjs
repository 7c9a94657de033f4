// What an attacker makes of JSON Web Tokens. The tokens are made here, with Node's own cryptography: the bridge
// knows two public keys, which the attacker has as well, and a secret. A row whose token is good but for one
// thing is one that the check of this thing alone refuses.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import {writeFileSync} from 'node:fs';
import path from 'node:path';
import {after, before, describe} from 'node:test';
import {it, scope, startBridge, startWebServer, temporaryFolder} from './harness.mjs';
import {call, client, publisher, status, subscribe, toEvent} from './grpc.mjs';
import {openStream, request} from './sse.mjs';

const pairOf = (kind, options) => {
  const pair = crypto.generateKeyPairSync(kind, options);
  return {...pair, pem: pair.publicKey.export({type: 'spki', format: 'pem'})};
};
const rsa = pairOf('rsa', {modulusLength: 2048});
const ec = pairOf('ec', {namedCurve: 'P-256'});
const secret = crypto.randomBytes(32).toString('base64url');
const foreign = pairOf('rsa', {modulusLength: 2048});
const jwk = (key, more = {}) => ({...key.publicKey.export({format: 'jwk'}), ...more});

const encode = (value) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);
const claims = (more = {}) => ({
  iss: 'https://issuer.example', aud: 'sluice', sub: 'ada', exp: now() + 600,
  sluice: {subscribe: ['room/1'], publish: ['room/1']}, ...more,
});
const rs256 = (input, key = rsa) => crypto.sign('sha256', Buffer.from(input), key.privateKey);
const es256 = (input, key = ec) =>
  crypto.sign('sha256', Buffer.from(input), {key: key.privateKey, dsaEncoding: 'ieee-p1363'});
const hs256 = (secret) => (input) => crypto.createHmac('sha256', secret).update(input).digest();

// A token of any header and payload (objects, or text as it stands), signed or "signed".
function make(header, payload, sign) {
  const input = `${encode(header)}.${encode(payload)}`;
  const signature = typeof sign === 'function' ? sign(input) : sign ?? '';
  return `${input}.${Buffer.isBuffer(signature) ? signature.toString('base64url') : signature}`;
}
const RS = {alg: 'RS256', kid: 'rsa'};
const good = (more) => make(RS, claims(more), rs256);

describe('an attacker with tokens', () => {
  const shared = scope();
  let bridge;
  let fetched = 0;
  let elsewhere;
  before(async () => {
    const folder = temporaryFolder(shared);
    writeFileSync(path.join(folder, 'rsa.pem'), rsa.pem);
    writeFileSync(path.join(folder, 'ec.pem'), ec.pem);
    writeFileSync(path.join(folder, 'secret'), secret);
    // Where the attacker's own keys are: nobody may ever ask here.
    elsewhere = await startWebServer(shared, (_, answer) => {
      ++fetched;
      answer.end(JSON.stringify({keys: [jwk(foreign, {kid: 'evil', alg: 'RS256'})]}));
    });
    const configFile = path.join(folder, 'sluice.yaml');
    writeFileSync(configFile, JSON.stringify({
      authorizer: {jwt: {
        issuer: 'https://issuer.example', audiences: ['sluice'], leeway: '5s',
        keys: [
          {id: 'rsa', algorithm: 'RS256', public_key_file: 'rsa.pem'},
          {id: 'ec', algorithm: 'ES256', public_key_file: 'ec.pem'},
          {id: 'hs', algorithm: 'HS256', secret_file: 'secret'},
        ],
      }},
      publishing: {authorize: true},
      routes: [{path: '/mine', topics: ['room/{subject}']}],
    }));
    bridge = await startBridge(shared, {configFile});
  });
  after(() => shared.end());

  const attempt = (credential, topic = 'room/1') =>
    request(bridge.url(`/v1/${topic}`), {headers: {authorization: `Bearer ${credential}`}});

  it('LetsAGoodTokenInOverHttpAndGrpc', async (t) => {
    for (const credential of [good(), make({alg: 'ES256', kid: 'ec'}, claims(), es256),
      make({alg: 'HS256', kid: 'hs'}, claims(), hs256(secret))]) {
      const stream = await openStream(t, bridge.url('/v1/room/1'),
          {headers: {authorization: `Bearer ${credential}`}});
      assert.equal(stream.status, 200);
      const {results} = await call(publisher(bridge), 'Publish',
          {events: [toEvent({topic: 'room/1', type: 'tick', json: 1})]}, {credential});
      assert.equal((await stream.take(1))[0].id, results[0].id);
    }
  });

  const none = (alg) => [`alg ${alg}`, () => make({...RS, alg}, claims(), '')];
  const header = (name, more) =>
    [name, () => make({...RS, ...more()}, claims(), (input) => rs256(input, foreign))];
  const attacks = [
    ...['none', 'None', 'NONE', 'nOnE', '', null, 0, ['none']].map(none),
    ['alg none with the good signature', () => make({...RS, alg: 'none'}, claims(), rs256)],
    ['no alg', () => make({kid: 'rsa'}, claims(), rs256)],
    ['the public key as a shared secret', () => make({...RS, alg: 'HS256'}, claims(), hs256(rsa.pem))],
    ['the public key without its line break', () => make({...RS, alg: 'HS256'}, claims(), hs256(rsa.pem.trim()))],
    ['the public key in DER', () => make({...RS, alg: 'HS256'}, claims(),
        hs256(rsa.publicKey.export({type: 'spki', format: 'der'})))],
    ['an empty secret', () => make({...RS, alg: 'HS256'}, claims(), hs256(''))],
    ['another algorithm of the same key', () => make({...RS, alg: 'RS512'}, claims(),
        (input) => crypto.sign('sha512', Buffer.from(input), rsa.privateKey))],
    ['PSS under the name of RS256', () => make(RS, claims(), (input) => crypto.sign('sha256', Buffer.from(input),
        {key: rsa.privateKey, padding: crypto.constants.RSA_PKCS1_PSS_PADDING}))],
    ['the other key\'s kid', () => make({alg: 'RS256', kid: 'ec'}, claims(), rs256)],
    ['the other key\'s algorithm', () => make({alg: 'ES256', kid: 'rsa'}, claims(), es256)],
    ['a good signature under another algorithm', () => make({alg: 'ES256', kid: 'rsa'}, claims(), rs256)],
    ['a secret\'s signature under a public key\'s algorithm', () => make({alg: 'RS256', kid: 'hs'}, claims(), hs256(secret))],
    ['the public key as the secret', () => make({alg: 'HS256', kid: 'hs'}, claims(), hs256(rsa.pem))],
    ['somebody else\'s key', () => make(RS, claims(), (input) => rs256(input, foreign))],
    header('a key of its own (jwk)', () => ({jwk: jwk(foreign)})),
    header('a key set of its own (jku)', () => ({jku: `${elsewhere.origin}/keys`, kid: 'evil'})),
    header('a certificate of its own (x5u)', () => ({x5u: `${elsewhere.origin}/cert`})),
    header('a certificate inside (x5c)', () => ({x5c: ['MIIB']})),
    header('a kid that is a file', () => ({kid: '../../../../dev/null'})),
    header('a kid that is SQL', () => ({kid: '\' OR 1=1 --'})),
    header('a kid that is a URL', () => ({kid: `${elsewhere.origin}/keys`})),
    header('a kid that is a list', () => ({kid: ['rsa']})),
    header('a kid that is long', () => ({kid: 'a'.repeat(4000)})),
    header('an empty kid', () => ({kid: ''})),
    ['a critical extension', () => make({...RS, crit: ['b64'], b64: false}, claims(), rs256)],
    ['an ES256 signature of zeros', () => make({alg: 'ES256', kid: 'ec'}, claims(), Buffer.alloc(64))],
    ['an ES256 signature in DER', () => make({alg: 'ES256', kid: 'ec'}, claims(),
        (input) => crypto.sign('sha256', Buffer.from(input), ec.privateKey))],
    ['an ES256 signature that is longer', () => make({alg: 'ES256', kid: 'ec'}, claims(),
        (input) => Buffer.concat([es256(input), Buffer.alloc(1)]))],
    ['no signature', () => good().replace(/[^.]*$/, '')],
    ['a signature cut short', () => good().slice(0, -8)],
    ['two parts', () => good().split('.').slice(0, 2).join('.')],
    ['four parts', () => `${good()}.x`],
    ['a thousand parts', () => good() + '.AAAA'.repeat(997)],
    ['padding', () => `${good()}==`],
    ['half a padding', () => `${good()}=`],
    // (The last of 342 characters carries two bits of the signature, and four that mean nothing.)
    ['bits behind the signature', () => good().replace(/.$/, (last) => String.fromCharCode(last.charCodeAt(0) + 1))],
    ['other claims under the signature', () => {
      const [head, , signature] = good().split('.');
      return [head, encode(claims({sub: 'root'})), signature].join('.');
    }],
    ['a header twice', () => make('{"alg":"none","kid":"rsa","alg":"RS256"}', claims(), rs256)],
    ['NUL behind the header', () => make(`${JSON.stringify(RS)}\0`, claims(), rs256)],
    ['NUL behind the claims', () => make(RS, `${JSON.stringify(claims())}\0{}`, rs256)],
    ['a byte order mark', () => make(RS, `\ufeff${JSON.stringify(claims())}`, rs256)],
    ['claims that are no object', () => make(RS, [1], rs256)],
    ['claims twice', () => make(RS, '{"iss":"https://issuer.example","aud":"sluice","exp":1,"exp":99999999999,' +
        '"sluice":{"subscribe":["room/1"]}}', rs256)],
    ['deep claims', () => make(RS, JSON.stringify(claims({deep: 0})).replace('"deep":0',
        `"deep":${'['.repeat(16)}${']'.repeat(16)}`), rs256)],
    ['no JSON', () => make(RS, '{"iss":', rs256)],
    ['a huge token', () => make(RS, claims({pad: 'a'.repeat(7000)}), rs256)],
    ['nothing but dots', () => '..'],
    ['another issuer', () => good({iss: 'https://evil.example'})],
    ['no issuer', () => good({iss: undefined})],
    ['an issuer in a list', () => good({iss: ['https://issuer.example']})],
    ['an issuer that begins alike', () => good({iss: 'https://issuer.example.evil.example'})],
    ['another audience', () => good({aud: 'other'})],
    ['no audience', () => good({aud: undefined})],
    ['an audience that is an object', () => good({aud: {sluice: true}})],
    ['audiences that are not all text', () => good({aud: [1, 'sluice']})],
    ['expired', () => good({exp: now() - 60})],
    ['no expiry', () => good({exp: undefined})],
    ['an expiry that is text', () => good({exp: String(now() + 600)})],
    ['an expiry that is null', () => good({exp: null})],
    ['a negative expiry', () => good({exp: -1})],
    ['an endless expiry', () => make(RS, JSON.stringify(claims()).replace(/"exp":\d+/, '"exp":1e400'), rs256)],
    ['not yet valid', () => good({nbf: now() + 60})],
    ['a not-before that is text', () => good({nbf: 'soon'})],
    ['issued in the future', () => good({iat: now() + 60})],
    ['a subject that is a number', () => good({sub: 7})],
    ['a subject with a line break', () => good({sub: 'ada\nroot'})],
    ['a subject of 300 bytes', () => good({sub: 'a'.repeat(300)})],
    ['a pattern that is none', () => good({sluice: {subscribe: ['room/1', 'room/1*']}})],
    ['rights that are no list', () => good({sluice: {subscribe: 'room/1'}})],
    ['rights that are no object', () => good({'sluice': ['room/1'], 'sluice.subscribe': ['room/1']})],
    ['rights in two places', () => good({'sluice.subscribe': ['**']})],
    ['a right that is text', () => good({sluice: {subscribe: ['room/1'], admin: 'true'}})],
  ];
  for (const [name, token] of attacks) {
    it(`Refuses: ${name}`, async (t) => {
      const credential = token();
      const answer = await attempt(credential);
      assert.equal(answer.status, 401);
      assert.ok(!answer.body.includes(credential.slice(0, 40)) || credential.length < 40, 'it is repeated');
      await assert.rejects(call(publisher(bridge), 'Publish',
          {events: [toEvent({topic: 'room/1', type: 'tick', json: 1})]}, {credential}),
      {code: status.UNAUTHENTICATED});
      const {finished} = subscribe(t, bridge, {topics: ['room/1']}, {credential});
      assert.equal((await finished).code, status.UNAUTHENTICATED);
    });
  }

  const rights = [
    ['another topic', {}, 'room/2', 403],
    ['no rights', {sluice: undefined}, 'room/1', 403],
    ['rights to publish only', {sluice: {publish: ['room/1']}}, 'room/1', 403],
    ['a pattern of one segment', {sluice: {subscribe: ['*']}}, 'room/1', 403],
    ['a right to part of a name', {sluice: {subscribe: ['roo']}}, 'room/1', 403],
  ];
  for (const [name, more, topic, expected] of rights) {
    it(`Forbids: ${name}`, async () => {
      const answer = await attempt(good(more), topic);
      assert.equal(answer.status, expected);
    });
  }

  it('LetsNoSubjectBeMoreThanOneSegment', async (t) => {
    const mine = (sub) => ({headers: {authorization: `Bearer ${good({sub, sluice: {subscribe: ['**']}})}`}});
    for (const sub of ['', '.', '..', 'ada/1', '../user', 'ada/']) {
      assert.equal((await request(bridge.url('/mine'), mine(sub))).status, 403, sub);
    }
    assert.equal((await openStream(t, bridge.url('/mine'), mine('ada'))).status, 200);
  });

  it('KeepsAPublisherToItsTopics', async () => {
    const publishing = (topics, more) => call(publisher(bridge), 'Publish',
        {events: topics.map((topic) => toEvent({topic, type: 'tick', json: 1}))}, {credential: good(more)});
    await assert.rejects(publishing(['room/2']), {code: status.PERMISSION_DENIED});
    await assert.rejects(publishing(['room/1', 'room/2']), {code: status.PERMISSION_DENIED});
    await assert.rejects(publishing(['room/1'], {sluice: {subscribe: ['**']}}), {code: status.PERMISSION_DENIED});
  });

  it('ShowsStatisticsToNobodyWithoutTheRight', async (t) => {
    const admin = client(t, bridge, 'Admin');
    for (const [method, right] of [['GetStats', 'stats'], ['ListSubscribers', 'admin']]) {
      await assert.rejects(call(admin, method, {}, {credential: good()}), {code: status.PERMISSION_DENIED});
      await assert.rejects(call(admin, method, {}, {credential: good({sluice: {[right]: 'true'}})}),
          {code: status.UNAUTHENTICATED});
      await call(admin, method, {}, {credential: good({sluice: {[right]: true}})});
    }
  });

  // (A stream is refused once more, when it is looked at until when it may go on.)
  it('TellsNothingToWhoWasAllowedOnce', async (t) => {
    const expired = good({sluice: {admin: true}, exp: now() - 60});
    await assert.rejects(call(client(t, bridge, 'Admin'), 'ListSubscribers', {}, {credential: expired}),
        {code: status.UNAUTHENTICATED});
  });

  it('NeverAsksWhereATokenSaysThatItsKeysAre', () => {
    assert.equal(fetched, 0);
  });
});
