// Events as messages of an example's own .proto, from the descriptor set that its bridge reads too; and
// backends that speak its services.
import {readFileSync} from 'node:fs';
import path from 'node:path';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor/index.js';
import {Feed, repository, start, within} from './harness.mjs';

export const examples = path.join(repository, 'deploy/examples');

// Of an example, or what a test has compiled itself.
const descriptorSet = (system) => Buffer.isBuffer(system) ?
    system : readFileSync(path.join(examples, system, `${system}.binpb`));

// pack('cortex')('cortex.v1.StatusUpdate', {…}): a google.protobuf.Any.
export function pack(system) {
  const root = protobuf.Root.fromDescriptor(descriptor.FileDescriptorSet.decode(descriptorSet(system)));
  return (name, fields = {}) => {
    const type = root.lookupType(name);
    return {
      type_url: `type.googleapis.com/${name}`,
      value: Buffer.from(type.encode(type.fromObject(fields)).finish()),
    };
  };
}

// A backend of the test's own: `answer(call)` is one server-streaming method of the system's service. What
// is called comes into `calls`; each call says by `call.left` (a promise) that the bridge cancelled it.
export async function startBackend(t, system, service, method, answer,
    {port = 0, credentials = grpc.ServerCredentials.createInsecure()} = {}) {
  const definitions = grpc.loadPackageDefinition(
      loader.loadFileDescriptorSetFromBuffer(descriptorSet(system), {keepCase: true, defaults: true}));
  const {service: definition} = service.split('.').reduce((scope, name) => scope[name], definitions);
  const calls = new Feed();
  const server = new grpc.Server();
  server.addService(definition, {
    [method](call) {
      call.left = new Promise((resolve) => call.once('cancelled', resolve));
      call.on('error', () => {});
      calls.push(call);
      answer?.(call);
    },
  });
  const bound = await within(5_000, new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials,
        (error, number) => error ? reject(error) : resolve(number));
  }), 'the backend listens');
  const stop = () => server.forceShutdown();
  t.after(stop);
  return {
    address: `127.0.0.1:${bound}`, port: bound, calls, stop,
    // The n-th call that came in, from 1.
    called: (n = 1) => calls.when((items) => items[n - 1], `call ${n} of the backend`),
  };
}

// A call's first word, before any response.
export const begin = (call) => call.sendMetadata(new grpc.Metadata());

// Ends a call with a gRPC status that is not OK.
export const fail = (call, code, details) => call.emit('error', {code, details});

// A backend that comes with an example, on a free port.
export async function startExampleBackend(t, command, file, {args = [], env = {}} = {}) {
  const program = start(t, command, [path.join(examples, file), ...args], {env});
  const address = await program.output.when(
      (lines) => lines.map((line) => line.match(/listening on (\S+)/)?.[1]).find(Boolean),
      'the backend listens');
  return {...program, address};
}
export const startPythonBackend = (t, file, args = []) => startExampleBackend(
    t, '/usr/bin/python3', file, {args: ['--listen', '127.0.0.1:0', ...args]});

// Frames without their `id:` lines, and without the blocks that are nothing else.
export const withoutIds = (text) => text.split('\n\n')
    .filter((frame) => !/^id: .*$/.test(frame))
    .map((frame) => frame.replace(/^id: .*\n/m, '')).join('\n\n');
