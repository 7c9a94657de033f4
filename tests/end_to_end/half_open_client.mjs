// Connections that never finish their request: each sends a byte now and then. Arguments: port, how many,
// how many source addresses they come from. Says on standard output how many are open, as JSON lines:
// {open, opened, closed}.
import net from 'node:net';

const [port, count, addresses] = process.argv.slice(2).map(Number);
const atOnce = 200;
const request = 'GET /v1/room/1 HTTP/1.1\r\nHost: sluice\r\nX-Slow: ';
const sockets = new Set();
let [started, opened, closed, opening] = [0, 0, 0, 0];

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
    socket.sent = 0;
    socket.write(request);
    settle();
  });
  socket.on('error', () => {});
  socket.resume();
  socket.once('close', () => {
    if (!isOpen) return settle();
    closed += 1;
    sockets.delete(socket);
  });
}

function openMore() {
  while (started < count && opening < atOnce) open();
}

setInterval(() => {
  for (const socket of sockets) socket.write('a');
}, 1_000);
setInterval(() => console.log(JSON.stringify({open: sockets.size, opened, closed})), 100);
openMore();
