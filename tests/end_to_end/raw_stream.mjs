// An event stream over a bare socket: every byte is accounted for, HTTP/1.0 or chunked, and the socket can
// be stalled or dropped at any moment. Small and quick, because hundreds of them run at once.
import net from 'node:net';
import tls from 'node:tls';
import {createParser} from 'eventsource-parser';

export class RawStream {
  status = 0;
  complete = false;     // the body's proper end has been seen
  error = undefined;    // why the bytes are not a proper response
  #rest = '';           // what of the head, or of a chunk, is still to come whole

  // `ca`: over TLS, with a server that this authority knows as "localhost".
  // `dropAfter`: how many bytes to take before the connection is dropped, wherever that is.
  constructor({port, target, lastEventId, http10 = false, dropAfter = Infinity, ca, onEvent, onClose}) {
    this.http10 = http10;
    this.bytesLeft = dropAfter;
    this.parser = createParser({onEvent: onEvent ?? (() => {})});
    const to = {port, host: '127.0.0.1', noDelay: true};
    this.socket = ca ? tls.connect({...to, ca, servername: 'localhost'}) : net.connect(to);
    this.socket.setEncoding('latin1');
    this.socket.on('error', (error) => { this.error ??= error.message; });
    this.socket.on('data', (text) => this.#take(text));
    this.socket.on('end', () => { if (this.http10 && this.status === 200) this.complete = true; });
    this.closed = new Promise((resolve) => this.socket.on('close', resolve));
    if (onClose) this.closed.then(() => onClose(this));
    this.socket.write(`GET ${target} HTTP/1.${http10 ? 0 : 1}\r\nHost: sluice\r\n` +
        `Accept: text/event-stream\r\n${lastEventId ? `Last-Event-ID: ${lastEventId}\r\n` : ''}\r\n`);
  }

  drop() {
    this.dropped = true;
    this.socket.destroy();
  }

  #take(text) {
    if (this.dropped) return;
    this.#rest += text.slice(0, this.bytesLeft);
    this.bytesLeft -= text.length;
    this.#parse();
    if (this.bytesLeft <= 0) this.drop();
  }

  #parse() {
    if (!this.status && !this.#takeHead()) return;
    if (this.http10) {
      this.parser.feed(this.#rest);
      this.#rest = '';
    } else {
      while (!this.complete && !this.dropped && this.#takeChunk());
    }
  }

  #takeHead() {
    const end = this.#rest.indexOf('\r\n\r\n');
    if (end < 0) return false;
    this.head = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 4);
    this.status = Number(this.head.match(/^HTTP\/1\.[01] (\d{3})/)?.[1] ?? -1);
    const chunked = /^transfer-encoding: chunked$/im.test(this.head);
    if (this.status === 200 && chunked === this.http10) this.#fail('the framing is not the version\'s');
    return true;
  }

  #takeChunk() {
    const line = this.#rest.indexOf('\r\n');
    if (line < 0) return false;
    const size = this.#rest.slice(0, line);
    if (!/^[0-9a-fA-F]{1,8}$/.test(size)) return this.#fail(`not a chunk: ${size.slice(0, 40)}`);
    const start = line + 2;
    const end = start + parseInt(size, 16);
    if (this.#rest.length < end + 2) return false;
    if (this.#rest.slice(end, end + 2) !== '\r\n') return this.#fail('a chunk without its end');
    const body = this.#rest.slice(start, end);
    this.#rest = this.#rest.slice(end + 2);
    if (start === end) {
      this.complete = true;
      if (this.#rest) this.#fail('bytes after the last chunk');
    } else {
      this.parser.feed(body);
    }
    return true;
  }

  #fail(reason) {
    this.error ??= reason;
    this.drop();
    return false;
  }
}
