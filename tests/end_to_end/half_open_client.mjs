// Connections that never finish their request: each sends a byte now and then. Arguments: port, how many,
// how many source addresses they come from, and "http" or "tls" (they never finish their handshake). Says on
// standard output how many are open, as JSON lines: {open, opened, closed, youngest, oldest}, the last two
// the ages in ms at which the server closed some.
import net from 'node:net';

const [port, count, addresses] = process.argv.slice(2, 5).map(Number);
const atOnce = 200;
const beginnings = {
  http: 'GET /v1/room/1 HTTP/1.1\r\nHost: sluice\r\nX-Slow: ',
  // Of a ClientHello (RFC 8446, section 4.1.2) of 512 bytes.
  tls: Buffer.from('16030102000100' + '01fc0303', 'hex'),
};
const request = beginnings[process.argv[5] ?? 'http'];
const sockets = new Set();
let [started, opened, closed, opening] = [0, 0, 0, 0];
let [youngest, oldest] = [Infinity, 0];

function open() {
  const localAddress = `127.0.0.${2 + started % addresses}`;
  started += 1;
  opening += 1;
  const socket = net.connect({port, host: '127.0.0.1', localAddress, noDelay: true});
  let isOpen = false;
  const settle = () => {
    opening -= 1;
    openMore();
  };
  socket.once('connect', () => {
    isOpen = true;
    opened += 1;
    sockets.add(socket);
    socket.openedAt = performance.now();
    socket.write(request);
    settle();
  });
  socket.on('error', () => {});
  socket.resume();
  socket.once('close', () => {
    if (!isOpen) return settle();
    closed += 1;
    const age = performance.now() - socket.openedAt;
    [youngest, oldest] = [Math.min(youngest, age), Math.max(oldest, age)];
    sockets.delete(socket);
  });
}

function openMore() {
  while (started < count && opening < atOnce) open();
}

setInterval(() => {
  for (const socket of sockets) socket.write('a');
}, 1_000);
setInterval(() => console.log(JSON.stringify({open: sockets.size, opened, closed, youngest, oldest})), 100);
openMore();
