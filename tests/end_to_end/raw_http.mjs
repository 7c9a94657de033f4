// HTTP as bytes over a bare socket, for what no client would send.
import {once} from 'node:events';
import net from 'node:net';
import {within} from './harness.mjs';

// Sends bytes as they are; answers everything that comes until the peer closes or `enough(text)`.
export async function exchange(t, port, bytes, enough = () => false) {
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  let text = '';
  socket.setEncoding('latin1');
  const done = new Promise((resolve) => {
    socket.on('data', (more) => {
      text += more;
      if (enough(text)) resolve();
    });
    socket.on('close', resolve);
    socket.on('error', () => {});
  });
  socket.write(bytes);
  await within(15_000, done, () => `an answer to ${JSON.stringify(bytes.slice(0, 80))}: ${text}`);
  return text;
}

export const statusOf = (text) => Number(text.match(/^HTTP\/1\.[01] (\d{3})/)?.[1]);
// How many responses there are in it.
export const responses = (text) => (text.match(/HTTP\/1\.[01] \d{3} /g) ?? []).length;
