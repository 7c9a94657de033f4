// A server of Envoy's external authorization, made from the protos that Envoy's authors publish (and
// the gRPC authors carry), not from ours.
import {createRequire} from 'node:module';
import path from 'node:path';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';
import {Feed, within} from './harness.mjs';

const deps = path.join(
    path.dirname(createRequire(import.meta.url).resolve('@grpc/grpc-js-xds/package.json')), 'deps');
const published = grpc.loadPackageDefinition(
    loader.loadSync('envoy/service/auth/v3/external_auth.proto', {
      includeDirs: ['envoy-api', 'googleapis', 'protoc-gen-validate', 'xds'].map(
          (folder) => path.join(deps, folder)),
      keepCase: true, longs: String, enums: String, defaults: true, oneofs: true,
    }));
export const {Authorization} = published.envoy.service.auth.v3;

// (protobufjs brings the well-known types along, named in its own way.)
const text = (value) => ({stringValue: value});
const list = (values) => ({listValue: {values: values.map(text)}});
export const toStruct = (fields) => ({structValue: {fields}});

export const allowed = ({subject, sluice, header = 'x-subject'} = {}) => ({
  status: {code: 0},
  ok_response: {headers: subject ? [{header: {key: header, value: subject}}] : []},
  ...(sluice && {dynamic_metadata: {fields: {sluice: toStruct(sluice)}}}),
});
export const denied = (code, body = '') => ({
  status: {code: 7}, denied_response: {status: {code}, body},
});
export {text, list};

// Answers what `decide(attributes)` returns and keeps what it was asked.
export async function startEnvoyAuthorizer(t, decide) {
  const asked = new Feed();
  const server = new grpc.Server();
  server.addService(Authorization.service, {
    async Check({request}, answer) {
      asked.push(request.attributes);
      try {
        answer(null, await decide(request.attributes));
      } catch (error) {
        answer(error);
      }
    },
  });
  const port = await within(5_000, new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(),
        (error, number) => error ? reject(error) : resolve(number));
  }), 'the authorizer listens');
  t.after(() => server.forceShutdown());
  return {address: `127.0.0.1:${port}`, asked};
}
