// Answers in conversations, as theo.v1.Chat streams them.
//   (cd deploy/examples/theo && npm install)
//   node deploy/examples/theo/backend.js
// LISTEN is where it listens, PAUSE_MS how long it waits between two events.
const fs = require('node:fs');
const path = require('node:path');
const {setTimeout: pause} = require('node:timers/promises');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const listen = process.env.LISTEN ?? '127.0.0.1:9191';
const pauseMs = Number(process.env.PAUSE_MS ?? 200);

const {theo} = grpc.loadPackageDefinition(
    loader.loadFileDescriptorSetFromBuffer(fs.readFileSync(path.join(__dirname, 'theo.binpb'))));

// Where a real backend would ask its model.
async function* answer(conversation) {
  yield {typing: {is_typing: true}};
  yield {progress: {percent: 0}};
  const words = ['Hello, ', 'how can I help?'];
  for (const [n, content] of words.entries()) {
    yield {chunk: {content}};
    yield {progress: {percent: 100 * (n + 1) / words.length}};
  }
  yield {typing: {is_typing: false}};
  yield {message: {id: `msg-${conversation}`, role: 'assistant', content: words.join('')}};
  yield {done: {}};
}

async function stream(call) {
  try {
    for await (const event of answer(call.request.id)) {
      // Everybody has left the conversation: nobody needs the rest.
      if (call.cancelled) return;
      call.write(event);
      await pause(pauseMs);
    }
  } catch (error) {
    call.write({error: {code: 'PROCESSING_ERROR', message: error.message}});
  }
  call.end();
}

const server = new grpc.Server();
server.addService(theo.v1.Chat.service, {Stream: stream});
server.bindAsync(listen, grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`listening on ${listen.replace(/:\d+$/, '')}:${port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.forceShutdown());
