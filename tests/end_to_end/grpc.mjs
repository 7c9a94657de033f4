// gRPC as services speak it to the bridge, and an authorizer of the tests' own.
import {once} from 'node:events';
import path from 'node:path';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';
import {Feed, repository, within} from './harness.mjs';

const includeDirs = [path.join(repository, 'proto'), path.join(repository, 'proto/third_party')];

export function loadProto(...files) {
  return grpc.loadPackageDefinition(loader.loadSync(files, {
    includeDirs, keepCase: true, longs: String, enums: String, defaults: true,
  }));
}

const {sluice} = loadProto('sluice/v1/publisher.proto', 'sluice/v1/subscriber.proto',
    'sluice/v1/admin.proto', 'sluice/v1/authorizer.proto');
const {grpc: standard} = loadProto('grpc/health/v1/health.proto');
export const {status} = grpc;

const services = {
  Publisher: sluice.v1.Publisher, Subscriber: sluice.v1.Subscriber, Admin: sluice.v1.Admin,
  Health: standard.health.v1.Health,
};

// A client of one of the bridge's services, closed with the test.
export function client(t, bridge, service, options = {}) {
  const stub = new services[service](bridge.grpc, grpc.credentials.createInsecure(), options);
  t.after(() => stub.close());
  return stub;
}

export function metadata(credential) {
  const fields = new grpc.Metadata();
  if (credential) fields.set('authorization', `Bearer ${credential}`);
  return fields;
}

export function call(stub, method, request, {credential, ms = 10_000} = {}) {
  return new Promise((resolve, reject) => {
    stub[method](request, metadata(credential), {deadline: Date.now() + ms},
        (error, response) => error ? reject(error) : resolve(response));
  });
}

// Publishes and answers the ids. An event is {topic, type, json | text | …}; `json` is any value.
export async function publish(bridge, events, {credential} = {}) {
  const {results} = await call(publisher(bridge), 'Publish', {events: events.map(toEvent)},
      {credential});
  return results.map(({id}) => id);
}

// One channel for everything that the tests publish to a bridge.
export const publisher = (bridge) =>
  bridge.publisher ??= client(bridge.scope, bridge, 'Publisher');

export function toEvent({json, ...event}) {
  return json === undefined ? event : {...event, raw_json: JSON.stringify(json)};
}

// A bidirectional PublishStream: send() a request, every answer comes into `results`.
export function publishStream(t, bridge, {credential} = {}) {
  const stream = publisher(bridge).PublishStream(metadata(credential));
  const results = new Feed();
  stream.on('data', (response) => response.results.forEach((result) => results.push(result)));
  stream.on('error', (error) => results.end(error.message));
  stream.on('end', () => results.end('the stream was closed'));
  t.after(() => stream.cancel());
  return {
    results, stream,
    async send(events) {
      if (!stream.write({events: events.map(toEvent)})) await once(stream, 'drain');
    },
    end: () => stream.end(),
  };
}

// A Subscriber.Subscribe call whose events come into a Feed.
export function subscribe(t, bridge, request, {credential} = {}) {
  const stream = client(t, bridge, 'Subscriber').Subscribe(request, metadata(credential));
  const events = new Feed();
  const head = once(stream, 'metadata');
  head.catch(() => {});
  stream.on('data', (event) => events.push(event));
  const finished = new Promise((resolve) => {
    stream.on('error', () => {});
    stream.on('status', (answer) => {
      events.end(answer.details);
      resolve(answer);
    });
  });
  t.after(() => stream.cancel());
  return {events, head, finished, cancel: () => stream.cancel()};
}

// An authorizer that answers what `decide(request)` returns and keeps what it was asked.
export async function startAuthorizer(t, decide, {port = 0} = {}) {
  const asked = new Feed();
  const server = new grpc.Server();
  server.addService(sluice.v1.Authorizer.service, {
    async Authorize({request}, answer) {
      asked.push(request);
      try {
        answer(null, await decide(request));
      } catch (error) {
        answer(error);
      }
    },
  });
  const bound = await within(5_000, new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, grpc.ServerCredentials.createInsecure(),
        (error, number) => error ? reject(error) : resolve(number));
  }), 'the authorizer listens');
  const stop = () => server.forceShutdown();
  t.after(stop);
  return {address: `127.0.0.1:${bound}`, port: bound, asked, stop};
}

export const allow = (more = {}) => ({decision: 'DECISION_ALLOW', ...more});
