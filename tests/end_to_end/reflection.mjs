// Calls a server of which nothing is known, through reflection v1alpha, in grpcurl's own order: list the
// services, ask for the file that holds the symbol, fetch the imports that are missing, call.
import {once} from 'node:events';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';
import descriptor from 'protobufjs/ext/descriptor/index.js';
import {loadProto} from './grpc.mjs';
import {within} from './harness.mjs';

const {ServerReflection} =
    loadProto('grpc/reflection/v1alpha/reflection.proto').grpc.reflection.v1alpha;

export class Reflection {
  #stream;

  constructor(t, address) {
    this.address = address;
    this.t = t;
    const stub = new ServerReflection(address, grpc.credentials.createInsecure());
    this.#stream = stub.ServerReflectionInfo();
    this.#stream.on('error', () => {});
    t.after(() => {
      this.#stream.cancel();
      stub.close();
    });
  }

  async #ask(request) {
    this.#stream.write(request);
    const [response] = await within(10_000, once(this.#stream, 'data'), JSON.stringify(request));
    if (response.error_response) throw new Error(JSON.stringify(response.error_response));
    return response;
  }

  async listServices() {
    const {list_services_response: list} = await this.#ask({list_services: '*'});
    return list.service.map(({name}) => name);
  }

  // The file that holds the symbol and all that it imports, by name.
  async files(symbol) {
    const {file_descriptor_response: first} = await this.#ask({file_containing_symbol: symbol});
    const files = new Map();
    const add = (buffers) => buffers.forEach((buffer) => {
      const file = descriptor.FileDescriptorProto.decode(buffer);
      files.set(file.name, file);
    });
    add(first.file_descriptor_proto);
    for (let missing; (missing = missingImport(files));) {
      const {file_descriptor_response: more} = await this.#ask({file_by_filename: missing});
      add(more.file_descriptor_proto);
    }
    return files;
  }

  // A client stub of the service, made of nothing but what the server describes.
  async stub(service) {
    const files = await this.files(service);
    const set = descriptor.FileDescriptorSet.encode({file: [...files.values()]}).finish();
    const definitions = loader.loadFileDescriptorSetFromBuffer(Buffer.from(set), {keepCase: true});
    const names = service.split('.');
    const Stub = names.reduce((scope, name) => scope[name], grpc.loadPackageDefinition(definitions));
    const stub = new Stub(this.address, grpc.credentials.createInsecure());
    this.t.after(() => stub.close());
    return stub;
  }
}

function missingImport(files) {
  for (const {dependency = []} of files.values()) {
    const missing = dependency.find((name) => !files.has(name));
    if (missing) return missing;
  }
  return undefined;
}

