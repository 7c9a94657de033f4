// Who publishes to a cluster of bridges and who reads there. All of them move to another bridge when the one they use
// fails them, and write down what they see: the journal of cluster_checker.mjs.
import {setTimeout as sleep} from 'node:timers/promises';
import {call, client, metadata, status, toEvent} from './grpc.mjs';
import {Feed} from './harness.mjs';
import {randomFrom} from './random.mjs';
import {RawStream} from './raw_stream.mjs';

// Of what a publisher comes back from.
const passing = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED, status.UNKNOWN, status.INTERNAL];
const callMs = 8_000;
const requestsUnanswered = 8;
// A client that has heard nothing for so long goes elsewhere; heartbeats are a second apart.
export const silenceMs = 5_000;

export class Journal {
  entries = [];
  began = Date.now();

  record(kind, fields) {
    this.entries.push({at: Date.now() - this.began, kind, ...fields});
  }
}

// Publishes one request after the other. With ids it sends what was not answered again until it is, in its order;
// without, it goes on with the next.
export class ClusterPublisher {
  acknowledged = 0;
  acknowledgedIds = new Map();    // topic -> ids
  failures = 0;
  unexpected = [];
  longestMs = 0;                  // from the first sending of a request to its answer
  #next = new Map();
  #at = 0;

  // `credential`: whose events they are. `idOf(event)`: the event's id, or nothing. `pauseMs`: between requests.
  constructor(t, {journal, bridges, name, credential, idOf, topics, seed, pauseMs}) {
    Object.assign(this, {t, journal, bridges, name, credential, idOf, topics, pauseMs});
    this.random = randomFrom(seed);
    this.stubs = bridges.map(({grpc}) => client(t, {grpc}, 'Publisher', {
      'grpc.enable_retries': 0, 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 500,
    }));
    this.#at = this.random(bridges.length);
  }

  async run(finished) {
    while (!finished()) {
      await this.send([this.makeRequest()]);
      await sleep(this.random(2 * this.pauseMs));
    }
    await this.finish();
  }

  // Sends them, in their order, until all are answered, or once where there are no ids.
  async send(requests) {
    for (const request of requests) {
      do await this.#publish(request); while (this.idOf && !request.answered);
    }
  }

  // One more of each topic, that is answered: so everybody knows where the end is.
  async finish() {
    for (const topic of this.topics) {
      for (let answered = false; !answered;) {
        const request = {events: [this.#makeEvent(topic)]};
        await this.send([request]);
        answered = request.answered;
      }
    }
  }

  get stub() {
    return this.stubs[this.#at];
  }

  goElsewhere() {
    this.#at = (this.#at + 1) % this.stubs.length;
  }

  async #publish(request) {
    this.sending(request);
    try {
      const {results} = await call(this.stub, 'Publish', this.messageOf(request), {credential: this.credential, ms: callMs});
      this.answered(request, results);
    } catch (error) {
      await this.failed(error.code, error.details ?? error.message);
    }
  }

  async failed(code, details) {
    this.failures += 1;
    if (!passing.includes(code)) this.unexpected.push(`${this.name}: ${code} ${details}`);
    if (this.random(2)) this.goElsewhere();
    await sleep(20 + this.random(200));
  }

  makeRequest() {
    const events = Array.from({length: 1 + this.random(4)}, () => this.#makeEvent(this.topics[this.random(this.topics.length)]));
    return {events};
  }

  #makeEvent(topic) {
    const n = this.#next.get(topic) ?? 0;
    this.#next.set(topic, n + 1);
    return {topic, publisher: this.name, n};
  }

  messageOf({events}) {
    return {events: events.map((event) => toEvent({
      topic: event.topic, type: 'tick', json: event, ...(this.idOf ? {id: this.idOf(event)} : {}),
    }))};
  }

  sending(request) {
    request.sentAt ??= Date.now();
    for (const event of request.events) this.journal.record('sent', event);
  }

  answered(request, results) {
    request.answered = true;
    this.longestMs = Math.max(this.longestMs, Date.now() - request.sentAt);
    this.acknowledged += results.length;
    request.events.forEach((event, i) => {
      const {id} = results[i];
      this.journal.record('acknowledged', {...event, id});
      if (!this.acknowledgedIds.has(event.topic)) this.acknowledgedIds.set(event.topic, []);
      this.acknowledgedIds.get(event.topic).push(id);
    });
  }
}

// The same over PublishStream, with several requests unanswered. What has failed, or was not answered when the
// stream broke, is sent again before anything else.
export class StreamingPublisher extends ClusterPublisher {
  async run(finished) {
    while (!finished()) await this.#stream(finished);
    await this.finish();
  }

  // Until something fails.
  async #stream(finished) {
    const stream = this.stub.PublishStream(metadata(this.credential));
    const answers = new Feed();
    stream.on('data', ({results}) => results.forEach((result) => answers.push(result)));
    stream.on('error', (error) => answers.end(error));
    stream.on('end', () => answers.end({code: status.UNAVAILABLE, details: 'the stream was closed'}));
    const requests = [];
    let failure;
    try {
      while (!failure && !finished()) {
        const request = this.makeRequest();
        this.sending(request);
        requests.push(request);
        stream.write(this.messageOf(request));
        await sleep(this.random(2 * this.pauseMs));
        failure = await this.#takeAnswers(answers, requests, requestsUnanswered - 1);
      }
      failure = await this.#takeAnswers(answers, requests, 0) ?? failure;
    } finally {
      stream.cancel();
    }
    if (!failure) return;
    await this.failed(failure.code, failure.details ?? failure.message);
    if (this.idOf) await this.send(requests.filter(({answered}) => !answered));
  }

  // Until at most `unanswered` wait for their answers. Answers the first failure.
  async #takeAnswers(answers, requests, unanswered) {
    const taken = () => requests.filter((request) => request.taken).length;
    let failure;
    const take = (items) => {
      for (let i = taken(); i < items.length; ++i) {
        const {status: refusal, results} = items[i];
        requests[i].taken = true;
        if (refusal?.code) failure ??= {code: refusal.code, details: refusal.message};
        else this.answered(requests[i], results);
      }
      return items.length >= requests.length - unanswered;
    };
    try {
      await answers.when(take, 'answers to a stream', callMs);
    } catch (error) {
      failure ??= answers.ended?.code === undefined ? {code: status.DEADLINE_EXCEEDED, details: error.message} : answers.ended;
    }
    return failure;
  }
}

// Reads topics over raw HTTP, and resumes where it was at the next bridge.
export class ClusterClient {
  connections = 0;
  errors = 0;
  seen = new Map();    // topic -> ids
  #heard = Date.now();

  // `dropsAfterMs`: it drops its connection by itself now and then. `history`: it reads from the earliest event on.
  constructor({journal, bridges, name, topics, at = 0, seed, dropsAfterMs, history = false}) {
    Object.assign(this, {journal, bridges, name, topics, at, dropsAfterMs, history});
    this.random = randomFrom(seed);
    topics.forEach((topic) => this.seen.set(topic, new Set()));
    this.watch = setInterval(() => this.#look(), 500);
    if (history) this.#start('earliest');
    this.#connect();
  }

  get resumes() {
    return Math.max(0, this.connections - 1);
  }

  // Whether everything has come: topic -> ids.
  has(expected) {
    return this.topics.every((topic) => (expected.get(topic) ?? []).every((id) => this.seen.get(topic).has(id)));
  }

  leave() {
    this.leaving = true;
    clearInterval(this.watch);
    this.stream?.drop();
  }

  #start(from) {
    this.started = true;
    this.journal.record('subscribed', {client: this.name, topics: this.topics, from});
  }

  #connect() {
    if (this.leaving) return;
    this.#heard = Date.now();
    this.dropsAt = this.dropsAfterMs ? Date.now() + this.random(2 * this.dropsAfterMs) : Infinity;
    const query = this.topics.map((topic) => `topic=${topic}`).join('&');
    const stream = new RawStream({
      port: this.bridges[this.at].httpPort, target: `${this.history ? '/history' : '/v1/events'}?${query}`,
      lastEventId: this.lastEventId, onEvent: (event) => this.#take(event),
      onClose: () => this.#closed(stream),
    });
    stream.socket.on('data', () => {
      this.#heard = Date.now();
      if (stream.status && stream.status !== 200) stream.drop();
    });
    this.stream = stream;
  }

  async #closed(stream) {
    if (stream.status === 200 && stream.error && stream.head) this.broken ??= stream.error;
    if (stream.status !== 200 || this.random(2)) this.at = (this.at + 1) % this.bridges.length;
    await sleep(this.random(300));
    this.#connect();
  }

  #look() {
    const now = Date.now();
    if (now - this.#heard > silenceMs || now > this.dropsAt) {
      if (now <= this.dropsAt) this.at = (this.at + 1) % this.bridges.length;
      this.stream.drop();
    }
  }

  #take({event, id, data}) {
    if (id) this.lastEventId = id;
    if (event === 'connect') {
      this.connections += 1;
      if (!this.started) this.#start(id);
    } else if (event === 'gap') {
      this.journal.record('gap', {client: this.name, ...JSON.parse(data)});
    } else if (event === 'tick') {
      const {topic, publisher, n} = JSON.parse(data);
      this.journal.record('received', {client: this.name, topic, publisher, n, id});
      this.seen.get(topic)?.add(id);
    } else if (event === 'error') {
      this.journal.record('error', {client: this.name, data});
      this.errors += 1;
    }
  }
}
