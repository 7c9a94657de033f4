// An authorizer, of the bridge's own kind and of Envoy's, in a process of its own, so that a test can kill it, stop it, and tell it how to answer.
//   node authorizer_process.mjs PORT     commands come as JSON lines on standard input
//     {"answer": {…}}      an AuthorizeResponse; "expires_in" (seconds) becomes its expires_at,
//                          "credential_expires_in" its credential_expires_at, from the moment of the command
//     {"delay": ms}        before each answer; -1: never
//     {"garbage": true}    bytes that are no answer
//     {"revoke": {…}}      a Revocation to whoever watches
//     {"watched": false}   WatchRevocations is unimplemented
// Says "listening ADDRESS", "asked TOPICS" and "watched" on standard output.
import readline from 'node:readline';
import grpc from '@grpc/grpc-js';
import {Authorization, allowed, denied} from './envoy.mjs';
import {loadProto} from './grpc.mjs';

const {sluice} = loadProto('sluice/v1/authorizer.proto');
const now = {answer: {decision: 'DECISION_ALLOW'}, delay: 0, garbage: false, watched: true};
const watchers = new Set();
const say = (line) => process.stdout.write(`${line}\n`);
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const stamp = (at) => ({seconds: Math.floor(at / 1000), nanos: (at % 1000) * 1e6});

function response() {
  const {expires_in: seconds, ...answer} = now.answer;
  if (seconds === undefined) return answer;
  return {...answer, expires_at: stamp(Date.now() + seconds * 1000)};
}

// The service, whose answers may be garbage.
function breakable(service) {
  return Object.fromEntries(Object.entries(service).map(([name, method]) => [name, {
    ...method,
    responseSerialize: (value) =>
      now.garbage ? Buffer.from('ffffffffffff', 'hex') : method.responseSerialize(value),
  }]));
}
const server = new grpc.Server();
server.addService(breakable(Authorization.service), {
  async Check({request}, answer) {
    say(`asked ${request.attributes.context_extensions.topics}`);
    if (now.delay < 0) return;
    await later(now.delay);
    answer(null, now.answer.decision === 'DECISION_ALLOW' ? allowed() : denied('Forbidden'));
  },
});
server.addService(breakable(sluice.v1.Authorizer.service), {
  async Authorize({request}, answer) {
    say(`asked ${request.topics}`);
    if (now.delay < 0) return;
    await later(now.delay);
    answer(null, response());
  },
  WatchRevocations(stream) {
    if (!now.watched) return stream.emit('error', {code: grpc.status.UNIMPLEMENTED});
    watchers.add(stream);
    stream.on('cancelled', () => watchers.delete(stream));
    say('watched');
  },
});
server.bindAsync(`127.0.0.1:${process.argv[2]}`, grpc.ServerCredentials.createInsecure(),
    (error, port) => {
      if (error) throw error;
      say(`listening 127.0.0.1:${port}`);
    });
readline.createInterface({input: process.stdin}).on('line', (line) => {
  const {revoke, ...rest} = JSON.parse(line);
  Object.assign(now, rest);
  if (rest.answer?.credential_expires_in) {
    const {credential_expires_in: seconds, ...answer} = rest.answer;
    now.answer = {...answer, credential_expires_at: stamp(Date.now() + seconds * 1000)};
  }
  if (revoke) for (const watcher of watchers) watcher.write({revocation: revoke});
  say('done');
});
