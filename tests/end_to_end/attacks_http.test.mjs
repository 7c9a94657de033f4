// What an attacker sends over HTTP: shapes that two readers may read in two ways, paths that look like other
// paths, pages that use somebody else's cookies. Each row is refused, with its one status: where two checks stand
// behind each other, it is the status of the first, or the row is one that the second never sees.
import assert from 'node:assert/strict';
import {after, before, describe} from 'node:test';
import {it, scope, startBridge, token} from './harness.mjs';
import {allow, startAuthorizer} from './grpc.mjs';
import {exchange, responses, statusOf} from './raw_http.mjs';
import {openStream, request} from './sse.mjs';

const GOOD = 'conversation/42';
const ADA = token('ada');
const long = (bytes) => 'a'.repeat(bytes);
const hasHead = (text) => text.includes('\r\n\r\n');  // a stream that should not be has no end

// The authorizer lets one credential read one topic. Nobody gets anything else by any trick.
async function startGuarded(t) {
  const authorizer = await startAuthorizer(t, ({credential, topics}) => {
    if (credential !== ADA) return {decision: 'DECISION_DENY_UNAUTHENTICATED'};
    const denied = topics.filter((topic) => topic !== GOOD);
    return denied.length ? {decision: 'DECISION_DENY_FORBIDDEN', denied_topics: denied} : allow({subject: 'ada'});
  });
  const bridge = await startBridge(t, {config: {
    authorizer: {grpc: {address: authorizer.address}},
    http: {
      cors: {origins: ['https://app.example'], credentials: true},
      credentials: {cookies: ['session']},
      request_timeout: '3s',
    },
    routes: [
      {path: '/rooms/{kind}/{id}', topics: ['{kind}/{id}'], captures: {kind: ['conversation']}},
      {path: '/rooms/mine', topics: ['user/{subject}']},
      // What becomes no part of a topic is checked as part of the path alone.
      {path: '/marked/{id}/{mark}', topics: ['conversation/{id}'], filter: {mark: '{mark}'}},
      {path: '/asked', topics: ['conversation/{query.id}']},
    ],
  }});
  return {authorizer, bridge};
}

describe('an attacker over HTTP', () => {
  const shared = scope();
  let bridge;
  let authorizer;
  before(async () => ({bridge, authorizer} = await startGuarded(shared)));
  after(() => shared.end());

  const host = 'Host: sluice.example\r\n';
  const get = (fields) => `GET /health HTTP/1.1\r\n${fields}\r\n`;
  const post = (fields, body) => `POST /health HTTP/1.1\r\n${host}${fields}\r\n${body}`;
  // Behind them stands a request of its own, which must never be answered.
  const smuggled = `GET /smuggled HTTP/1.1\r\n${host}\r\n`;
  const heads = [
    ['two Content-Length that differ', post('Content-Length: 5\r\nContent-Length: 0\r\n', 'abcde'), 400],
    ['two Content-Length that are equal', post('Content-Length: 5\r\nContent-Length: 5\r\n', 'abcde'), 400],
    ['a list of lengths', post('Content-Length: 5, 5\r\n', 'abcde'), 400],
    ['a length with a sign', post('Content-Length: +5\r\n', 'abcde'), 400],
    ['a negative length', post('Content-Length: -1\r\n', ''), 400],
    ['a hexadecimal length', post('Content-Length: 0x5\r\n', 'abcde'), 400],
    ['a length that overflows', post('Content-Length: 18446744073709551621\r\n', 'abcde'), 400],
    ['an empty length', post('Content-Length: \r\n', ''), 400],
    ['TE and CL', post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', '0\r\n\r\n'), 400],
    ['CL and TE', post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 400],
    ['chunked alone', post('Transfer-Encoding: chunked\r\n', '0\r\n\r\n'), 411],
    ['an unknown coding', post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'), 411],
    ['an unknown coding and a length', post('Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n', '0\r\n\r\n'), 400],
    ['chunked twice', post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'), 411],
    ['a space before the colon', get(`${host}Content-Length : 5\r\n`), 400],
    ['TE with a space before the colon', post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'), 400],
    ['a folded line', get(`${host}X-A: one\r\n two\r\n`), 400],
    ['a line folded with a tab', get(`${host}X-A: one\r\n\ttwo\r\n`), 400],
    ['a fold before the first field', get(` ${host}`), 400],
    ['bare LF behind fields', `GET /health HTTP/1.1\nHost: sluice.example\n\n`, 400],
    // (Not 408: nobody waits for an end that does not come.)
    ['bare LF and nothing more', `GET /health HTTP/1.1\nHost: sluice.example\n\n`, 400, ''],
    ['bare CR and nothing more', `GET /health HTTP/1.1\rHost: sluice.example\r\r\n`, 400, ''],
    ['one bare LF', get(`${host}X-A: b\nX-C: d\r\n`), 400],
    ['a bare CR', get(`${host}X-A: b\rX-C: d\r\n`), 400],
    ['a bare CR behind the version', `GET /health HTTP/1.1\rHost: sluice.example\r\n\r\n`, 400],
    ['NUL in a value', get(`${host}X-A: b\0c\r\n`), 400],
    ['NUL in a name', get(`${host}X\0A: b\r\n`), 400],
    ['a blank in a name', get(`${host}X A: b\r\n`), 400],
    ['no name', get(`${host}: b\r\n`), 400],
    ['no colon', get(`${host}nonsense\r\n`), 400],
    ['no Host', get(''), 400],
    ['two Hosts', get(`${host}Host: evil.example\r\n`), 400],
    ['a Host with a path', get('Host: a/b\r\n'), 400],
    ['a Host with a user', get('Host: user@sluice.example\r\n'), 400],
    ['a list of Hosts', get('Host: a, b\r\n'), 400],
    ['a Host with a blank', get('Host: a b\r\n'), 400],
    ['two blanks', `GET  /health HTTP/1.1\r\n${host}\r\n`, 400],
    ['a target with a blank', `GET /hea lth HTTP/1.1\r\n${host}\r\n`, 400],
    ['no version', `GET /health\r\n${host}\r\n`, 400],
    ['HTTP/0.9', `GET /health HTTP/0.9\r\n${host}\r\n`, 505],
    ['HTTP/1.2', `GET /health HTTP/1.2\r\n${host}\r\n`, 505],
    ['HTTP/2', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`, 505],
    ['lower case http', `GET /health http/1.1\r\n${host}\r\n`, 505],
    ['a method with a colon', `G:T /health HTTP/1.1\r\n${host}\r\n`, 400],
    ['no request at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400],
    ['a target without a host', `GET http:///health HTTP/1.1\r\n${host}\r\n`, 400],
    ['a target with a user', `GET http://user@sluice.example/health HTTP/1.1\r\n${host}\r\n`, 400],
    ['a target of a byte too many', `GET /${long(8192)} HTTP/1.1\r\n${host}\r\n`, 414],
    // (Not 431: the line is too long before the head is.)
    ['a target that does not end', `GET /${long(20_000)}`, 414, ''],
    ['a target of 9 KiB', `GET /${long(9000)} HTTP/1.1\r\n${host}\r\n`, 414],
    ['a field of 20 KiB', get(`${host}X-A: ${long(20_000)}\r\n`), 431],
    ['a thousand fields', get(`${host}${'X-A: bbbbbbbbbbbb\r\n'.repeat(1000)}`), 431],
    ['a body of 100 KiB', post('Content-Length: 100000\r\n', long(100_000)), 413],
    ['CONNECT', `CONNECT evil.example:443 HTTP/1.1\r\n${host}\r\n`, 501],
  ];
  for (const [name, bytes, expected, behind = smuggled] of heads) {
    it(`Refuses: ${name}`, async (t) => {
      const text = await exchange(t, bridge.httpPort, bytes + behind, (all) => responses(all) > 1);
      assert.equal(statusOf(text), expected, text.slice(0, 300));
      assert.equal(responses(text), 1, `what stood behind it was answered: ${text}`);
      assert.match(text, /connection: close/i);
    });
  }

  const paths = [
    ['two slashes before', '//rooms/conversation/42', 400],
    ['two slashes inside', '/rooms//conversation/42', 400],
    ['an empty segment', '/rooms/conversation//42', 400],
    ['a slash behind', '/rooms/conversation/42/', 400],
    ['a dot', '/rooms/./conversation/42', 400],
    ['two dots', '/rooms/conversation/../conversation/42', 400],
    ['two dots as a capture', '/rooms/conversation/..', 400],
    ['encoded dots', '/rooms/conversation/%2e%2e', 400],
    ['half encoded dots', '/rooms/conversation/.%2E', 400],
    ['an encoded slash', '/rooms/conversation%2F42', 400],
    ['an encoded slash in a capture', '/rooms/conversation/42%2F..%2F43', 400],
    ['encoded twice', '/rooms/conversation/%252e%252e', 403],
    ['a backslash', '/rooms\\conversation\\42', 400],
    ['a backslash in a capture', '/rooms/conversation/..%5c42', 400],
    ['overlong UTF-8', '/rooms/conversation/%c0%ae%c0%ae', 400],
    ['an overlong slash', '/rooms/conversation/42%c0%af43', 400],
    ['a lone surrogate', '/rooms/conversation/%ed%a0%80', 400],
    ['half a character', '/rooms/conversation/%c3', 400],
    ['NUL', '/rooms/conversation/42%00', 400],
    ['CR and LF', '/rooms/conversation/42%0d%0aX-Evil:%201', 400],
    ['DEL', '/rooms/conversation/42%7f', 400],
    ['no digits', '/rooms/conversation/%zz', 400],
    ['a digit that is none', '/rooms/conversation/%4z', 400],
    ['one digit', '/rooms/conversation/4%2', 400],
    ['another case', '/ROOMS/conversation/42', 404],
    ['another case of a value', '/rooms/Conversation/42', 404],
    ['an encoded letter', '/rooms/%63onversation/43', 403],
    ['a parameter of a segment', '/rooms/conversation/42;x=/..', 400],
    ['a value that is not allowed', '/rooms/workspace/42', 404],
    ['a long segment', `/rooms/conversation/${long(300)}`, 400],
    ['another topic beside the good one', `/v1/events?topic=${GOOD}&topic=conversation/43`, 403],
    ['a topic with a line break', '/v1/events?topic=conversation%2F42%0Aevent:x', 400],
    ['a topic with dots', '/v1/events?topic=conversation/../user/1', 400],
    ['a capture that names the subject', '/rooms/conversation/%7Bsubject%7D', 400],
    ['a topic that names the subject', '/v1/events?topic=user/%7Bsubject%7D', 400],
    ['a pattern as a topic', '/v1/events?topic=conversation/*', 403],
    ['an empty topic', '/v1/events?topic=', 400],
    ['a topic of 256 bytes', `/v1/events?topic=room/${long(251)}`, 400],
    ['a fragment', '/rooms/conversation/42#x', 400],
    ['a path as a fragment', '/rooms/conversation/43#/rooms/conversation/42', 400],
    ['an empty filter', '/marked/42/', 400],
    ['a dot as a filter', '/marked/42/.', 400],
    ['encoded dots as a filter', '/marked/42/%2e%2e', 400],
    ['an encoded slash in a filter', '/marked/42/a%2fb', 400],
    ['a backslash in a filter', '/marked/42/a\\b', 400],
    ['overlong UTF-8 in a filter', '/marked/42/%c0%ae', 400],
    ['NUL in a filter', '/marked/42/a%00', 400],
    ['a filter that names the subject', '/marked/42/%7Bsubject%7D', 400],
    ['seventeen segments', '/a'.repeat(17), 400],
    ['a query that is no UTF-8', '/rooms/conversation/42?x=%ff', 400],
    ['a query with a name that is no UTF-8', '/rooms/conversation/42?%ff=x', 400],
    ['a query with one digit', '/rooms/conversation/42?x=%4', 400],
    ['a value that adds segments', '/asked?id=42%2f43', 400],
    ['a value with dots for a segment', '/asked?id=..', 400],
    ['no value', '/asked?id=', 400],
  ];
  for (const [name, target, expected] of paths) {
    it(`LetsNobodyInBy: ${name}`, async (t) => {
      const asked = authorizer.asked.items.length;
      const text = await exchange(t, bridge.httpPort,
          `GET ${target} HTTP/1.1\r\n${host}Authorization: Bearer ${ADA}\r\nConnection: close\r\n\r\n`, hasHead);
      assert.equal(statusOf(text), expected, text.slice(0, 300));
      assert.doesNotMatch(text, /X-Evil/);
      for (const {topics} of authorizer.asked.items.slice(asked)) {
        for (const topic of topics) assert.match(topic, /^[^\/\0-\x1f]+\/[^\/\0-\x1f]+$/);
      }
    });
  }

  it('LetsTheGoodOneIn', async (t) => {
    for (const target of ['/rooms/conversation/42', `/v1/events?topic=${GOOD}`, '/rooms/%63onversation/4%32',
      '/marked/42/x', '/asked?id=42']) {
      const stream = await openStream(t, bridge.url(target), {headers: {authorization: `Bearer ${ADA}`}});
      assert.equal(stream.status, 200, target);
      stream.close();
    }
  });

  // A page of somebody else makes a browser send its user's cookie.
  const cookie = {cookie: `session=${ADA}`};
  const own = () => `http://127.0.0.1:${bridge.httpPort}`;
  const pages = [
    ['no Origin', () => ({}), 401],
    ['another origin', () => ({origin: 'https://evil.example'}), 401],
    ['null', () => ({origin: 'null'}), 401],
    ['an origin that begins like an allowed one', () => ({origin: 'https://app.example.evil.example'}), 401],
    ['an allowed origin over http', () => ({origin: 'http://app.example'}), 401],
    ['an allowed origin with a port', () => ({origin: 'https://app.example:444'}), 401],
    ['two origins', () => ({origin: 'https://app.example, https://evil.example'}), 401],
    ['a page of the same site', () => ({'sec-fetch-site': 'same-site'}), 401],
    ['a page of another site', () => ({'sec-fetch-site': 'cross-site'}), 401],
    ['another origin that says same-origin', () => ({'origin': 'https://evil.example', 'sec-fetch-site': 'same-origin'}), 401],
    ['a referer', () => ({referer: 'https://app.example/'}), 401],
    ['the allowed origin', () => ({origin: 'https://app.example'}), 200],
    ['its own origin', () => ({origin: own()}), 200],
    ['its own page, as browsers say it', () => ({'sec-fetch-site': 'same-origin'}), 200],
  ];
  for (const [name, fields, expected] of pages) {
    it(`TakesACookieFrom ${name}: ${expected}`, async (t) => {
      const headers = {...cookie, ...fields()};
      if (expected !== 200) {
        const answer = await request(bridge.url('/rooms/conversation/42'), {headers});
        assert.equal(answer.status, expected);
        return;
      }
      const stream = await openStream(t, bridge.url('/rooms/conversation/42'), {headers});
      assert.equal(stream.status, 200);
    });
  }

  it('TellsForeignPagesNothing', async () => {
    for (const origin of ['https://evil.example', 'null', 'https://app.example.evil.example']) {
      for (const method of ['GET', 'OPTIONS']) {
        const {headers} = await request(bridge.url('/rooms/conversation/42'), {method, headers: {
          origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization',
        }});
        assert.equal(headers['access-control-allow-origin'], undefined, `${method} ${origin}`);
        assert.equal(headers['access-control-allow-credentials'], undefined, `${method} ${origin}`);
      }
    }
  });

  it('RefusesAnIdThatIsNoText', async (t) => {
    const ids = [`a\0b`, 'ü', long(300)];
    for (const id of ids) {
      const text = await exchange(t, bridge.httpPort, `GET /rooms/conversation/42 HTTP/1.1\r\n${host}` +
          `Authorization: Bearer ${ADA}\r\nLast-Event-ID: ${id}\r\nConnection: close\r\n\r\n`);
      assert.equal(statusOf(text), 400, JSON.stringify(id.slice(0, 10)));
    }
    const inQuery = await request(bridge.url('/rooms/conversation/42?last_event_id=a%0Ab'),
        {headers: {authorization: `Bearer ${ADA}`}});
    assert.equal(inQuery.status, 400);
  });

  it('RefusesTwoCredentialsInOneRequest', async (t) => {
    const text = await exchange(t, bridge.httpPort, `GET /rooms/conversation/42 HTTP/1.1\r\n${host}` +
        `Authorization: Bearer ${ADA}\r\nAuthorization: Bearer ${token('eve')}\r\nConnection: close\r\n\r\n`);
    assert.equal(statusOf(text), 400);
  });

  // An answer that is remembered is for the question that was asked, however its parts are cut.
  it('GetsNoAnswerThatWasForAnother', async (t) => {
    const right = {topic: GOOD, credential: ADA, tenant: 'acme', role: 'reader'};
    const authorizer2 = await startAuthorizer(t, ({credential, topics, headers}) =>
      credential === right.credential && topics.join() === right.topic &&
      headers['x-tenant'] === right.tenant && headers['x-role'] === right.role ?
        allow() : {decision: 'DECISION_DENY_FORBIDDEN'});
    const careful = await startBridge(t, {config: {
      authorizer: {grpc: {address: authorizer2.address, headers: ['x-role', 'x-tenant']}},
      access: {cache: {allowed: '5m', denied: '5m'}},
    }});
    const ask = ({topic, credential, tenant, role}) => {
      const fields = Object.entries({'x-role': role, 'x-tenant': tenant}).filter(([, value]) => value !== undefined);
      return exchange(t, careful.httpPort, `GET /v1/${topic} HTTP/1.1\r\n${host}` +
          `Authorization: Bearer ${credential}\r\n` + fields.map(([key, value]) => `${key}: ${value}\r\n`).join('') +
          'Connection: close\r\n\r\n', (text) => text.includes('event: connect'));
    };
    assert.equal(statusOf(await ask(right)), 200);
    const others = [
      {...right, credential: `${ADA}x`}, {...right, credential: ADA.slice(0, -1)},
      {...right, topic: 'conversation/421'}, {...right, topic: 'conversation/4'},
      {...right, tenant: undefined}, {...right, role: undefined},
      {...right, role: 'readerx-tenantacme', tenant: undefined},
      {...right, role: 'reade', tenant: 'racme'},
      {...right, role: undefined, tenant: 'acmex-rolereader'},
      {...right, topic: 'conversation/4', credential: `2${ADA}`},
    ];
    for (const other of others) {
      assert.equal(statusOf(await ask(other)), 403, JSON.stringify(other));
    }
    const asked = authorizer2.asked.items.length;
    assert.equal(asked, 1 + others.length);
    assert.equal(statusOf(await ask(right)), 200);
    assert.equal(authorizer2.asked.items.length, asked, 'the right one is remembered');
  });
});
