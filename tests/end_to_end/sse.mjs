// A strict reader of event streams: Node's HTTP client and the eventsource-parser package.
import {once} from 'node:events';
import http from 'node:http';
import https from 'node:https';
import {createParser} from 'eventsource-parser';
import {Feed, within} from './harness.mjs';

// `tls`: what a client of an https:// address has to say (`ca`, `cert`, `key`, …).
const send = (url, {tls, ...options}) =>
  (url.startsWith('https:') ? https : http).request(url, {...options, ...tls, agent: false});

// One HTTP exchange with the whole body.
export async function request(url, {method = 'GET', headers = {}, body: sent, tls, ms = 10_000} = {}) {
  const outgoing = send(url, {method, headers, tls});
  outgoing.end(sent);
  const exchange = (async () => {
    const [response] = await once(outgoing, 'response');
    let body = '';
    response.setEncoding('utf8');
    for await (const text of response) body += text;
    return {
      status: response.statusCode, headers: response.headers, body,
      json: () => JSON.parse(body),
    };
  })();
  try {
    return await within(ms, exchange, `${method} ${url}`);
  } finally {
    outgoing.destroy();
  }
}

// A stream that is open: its status and headers are there, its events come into `events`.
//   stream.next(type)      the next event of that type that was not taken yet
//   stream.take(n)         the next n events, `connect` left out
//   stream.closed          resolves when the server has ended it
export async function openStream(
    t, url, {method = 'GET', body, headers = {}, lastEventId, tls, ms = 10_000} = {}) {
  const outgoing = send(url, {
    method, tls,
    headers: {
      accept: 'text/event-stream', ...(lastEventId ? {'last-event-id': lastEventId} : {}),
      ...headers,
    },
  });
  outgoing.on('error', () => {});
  t.after(() => outgoing.destroy());
  outgoing.end(body);
  const [response] = await within(ms, once(outgoing, 'response'), `the head of ${url}`);
  const stream = new Stream(outgoing, response);
  return stream;
}

class Stream {
  events = new Feed();
  comments = new Feed();
  retries = [];
  text = '';
  #taken = 0;

  constructor(outgoing, response) {
    this.status = response.statusCode;
    this.headers = response.headers;
    this.outgoing = outgoing;
    const parser = createParser({
      onEvent: (event) => this.events.push(event),
      onComment: (comment) => this.comments.push(comment),
      onRetry: (ms) => this.retries.push(ms),
      onError: (error) => this.events.push({error: String(error)}),
    });
    response.setEncoding('utf8');
    response.on('data', (text) => {
      this.text += text;
      parser.feed(text);
    });
    this.closed = new Promise((resolve) => {
      response.on('close', () => {
        this.events.end('the stream was closed');
        this.comments.end('the stream was closed');
        resolve({clean: response.complete});
      });
    });
    response.on('error', () => {});
  }

  async next(type, ms) {
    const index = await this.events.when((items) => {
      const at = items.findIndex((event, i) => i >= this.#taken && (event.event ?? '') === type);
      return at >= 0 && at + 1;
    }, `an event "${type}"`, ms);
    this.#taken = index;
    return this.events.items[index - 1];
  }

  async take(count, ms) {
    const wanted = (items) => items.slice(this.#taken).filter((event) => event.event !== 'connect');
    const events = await this.events.when((items) => {
      const found = wanted(items);
      return found.length >= count && found.slice(0, count);
    }, `${count} events`, ms);
    if (count > 0) this.#taken = this.events.items.indexOf(events.at(-1)) + 1;
    return events;
  }

  // How the server ended it: {clean: true} when the body was complete.
  ended(ms = 10_000) {
    return within(ms, this.closed, 'the server closes the stream');
  }

  close() {
    this.outgoing.destroy();
  }
}
