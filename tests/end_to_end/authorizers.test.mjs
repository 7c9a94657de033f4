// Several authorizers: who is asked about what, and what becomes of their answers.
import assert from 'node:assert/strict';
import {describe} from 'node:test';
import {makeAuthority, tlsOf} from './certificates.mjs';
import {it, startBridge, token} from './harness.mjs';
import {allow, call, client, publish, startAuthorizer, status, subscribe} from './grpc.mjs';
import {openStream, request} from './sse.mjs';

const tick = (n) => ({topic: 'room/1', type: 'tick', json: {n}});
const deny = (reason = 'no') => ({decision: 'DECISION_DENY_FORBIDDEN', reason});
const unknown = {decision: 'DECISION_DENY_UNAUTHENTICATED'};
const bearer = (name) => ({authorization: `Bearer ${token(name)}`});
const asked = ({address}) => ({grpc: {address}});

describe('authorizers by name', () => {
  it('LetServicesInByCertificateAndPeopleByToken', async (t) => {
    const people = await startAuthorizer(t, ({credential}) => credential ? allow() : unknown);
    const authority = makeAuthority(t);
    const bridge = await startBridge(t, {config: {
      authorizer: {any_of: {names: ['services', 'people']}},
      authorizers: {
        people: asked(people),
        services: {certificate: {rules: [{names: ['*.orders.example'], subscribe: ['orders/**']}]}},
      },
      http: {tls: {
        ...tlsOf(authority.issue('server')),
        client_ca_file: authority.file, client_certificates: 'optional',
      }},
    }});
    const url = (target) => `https://127.0.0.1:${bridge.httpPort}${target}`;
    const nobody = {ca: authority.pem};
    const {certificate: cert, key} = authority.issue('api', 'DNS:api.orders.example');
    const service = {...nobody, cert, key};

    assert.equal((await openStream(t, url('/v1/orders/1'), {tls: service})).status, 200);
    assert.equal(people.asked.items.length, 0);
    assert.equal((await request(url('/v1/room/1'), {tls: service})).status, 403);
    assert.equal((await request(url('/v1/orders/1'), {tls: nobody})).status, 401);
    const person = await openStream(t, url('/v1/room/1'), {tls: nobody, headers: bearer('ada')});
    assert.equal(person.status, 200);
    const stranger = authority.issue('other', 'DNS:orders.example');
    const shown = {...nobody, cert: stranger.certificate, key: stranger.key};
    assert.equal((await request(url('/v1/orders/1'), {tls: shown})).status, 403);
  });

  it('AreAskedAboutWhatTheyAreNamedFor', async (t) => {
    const all = Object.fromEntries(await Promise.all(
        ['readers', 'writers', 'operators', 'everybody'].map(
            async (name) => [name, await startAuthorizer(t, () => deny(`by ${name}`))])));
    const bridge = await startBridge(t, {config: {
      authorizer: asked(all.everybody),
      authorizers: Object.fromEntries(
          Object.entries(all).map(([name, authorizer]) => [name, asked(authorizer)])),
      grpc: {authorizers: ['readers'], admin_authorizers: ['operators']},
      publishing: {authorizers: ['writers']},
      routes: [{path: '/readers', topics: ['room/1'], authorizers: ['readers']}],
    }});
    const by = (name) => ({code, details}) =>
      code === status.PERMISSION_DENIED && details.includes(`by ${name}`);
    await assert.rejects(publish(bridge, [tick(1)]), by('writers'));
    await assert.rejects(call(client(t, bridge, 'Admin'), 'ListTopics', {}), by('operators'));
    assert.ok(by('readers')(await subscribe(t, bridge, {topics: ['room/1']}).finished));
    assert.match((await request(bridge.url('/readers'))).json().detail, /by readers/);
    assert.match((await request(bridge.url('/v1/room/1'))).json().detail, /by everybody/);
  });

  it('NarrowWhatTheOthersAllow', async (t) => {
    const first = await startAuthorizer(t, () => allow({subject: 'ada', event_types: ['tick', 'tock']}));
    const second = await startAuthorizer(t, () => allow({
      event_types: ['tick'], field_masks: [{event_type: 'tick', paths: ['n']}],
    }));
    const third = await startAuthorizer(t, () => allow({event_types: ['tock']}));
    const bridge = await startBridge(t, {config: {
      authorizers: {first: asked(first), second: asked(second), third: asked(third)},
      routes: [
        {path: '/two', topics: ['room/1', 'user/{subject}'], authorizers: ['first', 'second']},
        {path: '/three', topics: ['room/1'], authorizers: ['first', 'second', 'third']},
      ],
    }});
    const stream = await openStream(t, bridge.url('/two'));
    assert.deepEqual(JSON.parse((await stream.next('connect')).data).topics, ['room/1', 'user/ada']);
    await publish(bridge, [
      {topic: 'room/1', type: 'tock', json: {n: 1}}, {topic: 'room/1', type: 'tick', json: {n: 2, x: 1}},
    ]);
    assert.deepEqual((await stream.take(1)).map(({data}) => JSON.parse(data)), [{n: 2}]);
    assert.equal((await request(bridge.url('/three'))).status, 403);
  });

  it('AreAllOpenWithDev', async (t) => {
    const bridge = await startBridge(t, {args: ['--dev'], config: {
      authorizers: {away: asked({address: '127.0.0.1:1'})},
      routes: [{path: '/guarded', topics: ['room/1'], authorizers: ['away']}],
      publishing: {authorizers: ['away']},
    }});
    assert.equal((await openStream(t, bridge.url('/guarded'))).status, 200);
    await publish(bridge, [tick(1)]);
  });
});
