// NATS' protocol, as far as the tests need it: requests and their answers.
import {randomUUID} from 'node:crypto';
import net from 'node:net';

export class NatsRequests {
  #waiting = new Map();
  #next = 0;
  #rest = Buffer.alloc(0);

  constructor(port) {
    this.inbox = `_INBOX.${randomUUID()}`;
    this.socket = net.connect({port, host: '127.0.0.1', noDelay: true});
    this.socket.on('error', () => {});
    this.socket.on('data', (bytes) => this.#take(bytes));
    this.socket.write(`CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB ${this.inbox}.* 1\r\n`);
  }

  // The answer's text; nothing where none comes in time.
  ask(subject, body, {ms = 30_000, id} = {}) {
    const name = String(this.#next++);
    const answer = new Promise((resolve) => {
      const timer = setTimeout(() => this.#answer(name), ms);
      this.#waiting.set(name, (text) => {
        clearTimeout(timer);
        resolve(text);
      });
    });
    const head = id ? `NATS/1.0\r\nNats-Msg-Id: ${id}\r\n\r\n` : '';
    const size = head.length + Buffer.byteLength(body);
    this.socket.write(`${head ? 'HPUB' : 'PUB'} ${subject} ${this.inbox}.${name} ${head ? `${head.length} ` : ''}${size}\r\n${head}${body}\r\n`);
    return answer;
  }

  async askJson(subject, body, options) {
    const text = await this.ask(subject, body === undefined ? '' : JSON.stringify(body), options);
    return text?.startsWith('{') ? JSON.parse(text) : {};
  }

  close() {
    this.socket.destroy();
  }

  #take(bytes) {
    let rest = Buffer.concat([this.#rest, bytes]);
    for (let end; (end = rest.indexOf('\r\n')) >= 0;) {
      const line = rest.toString('latin1', 0, end);
      const [, subject, size] = /^H?MSG (\S+) .*?(\d+)$/.exec(line) ?? [];
      const length = subject ? Number(size) + 2 : 0;
      if (rest.length < end + 2 + length) break;
      if (subject) this.#answer(subject, rest.toString('latin1', end + 2, end + length));
      else if (line === 'PING') this.socket.write('PONG\r\n');
      rest = rest.subarray(end + 2 + length);
    }
    this.#rest = rest;
  }

  #answer(subject, text) {
    const name = subject.split('.').pop();
    this.#waiting.get(name)?.(text);
    this.#waiting.delete(name);
  }
}
