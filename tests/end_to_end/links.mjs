// A link is a TCP connection's way through the network, which can fail: a proxy on loopback in front of a port.
import {once} from 'node:events';
import net from 'node:net';

export class Link {
  #pairs = new Set();
  #state = 'open';

  // `target`: the port behind it, on 127.0.0.1.
  static async open(t, target) {
    const link = new Link();
    link.target = target;
    link.server = net.createServer({pauseOnConnect: true, noDelay: true}, (near) => link.#accept(near));
    link.server.listen(0, '127.0.0.1');
    await once(link.server, 'listening');
    link.port = link.server.address().port;
    t.after(() => {
      link.reset();
      link.server.close();
    });
    return link;
  }

  // Connections are reset, and new ones too, until it heals.
  reset() {
    this.#state = 'reset';
    for (const pair of this.#pairs) this.#break(pair);
  }

  // Nothing arrives any more and nobody is told, as when packets are dropped. What was sent meanwhile arrives once
  // it heals. `way`: only what goes 'there' (to the port behind) or comes 'back' is lost.
  silence(way = 'both') {
    this.#state = way;
    for (const pair of this.#pairs) this.#flow(pair);
  }

  heal() {
    this.#state = 'open';
    for (const pair of this.#pairs) this.#flow(pair);
  }

  #accept(near) {
    near.on('error', () => {});
    if (this.#state === 'reset') return near.resetAndDestroy();
    const pair = {near, far: undefined};
    this.#pairs.add(pair);
    near.on('close', () => this.#break(pair));
    return this.#flow(pair);
  }

  #connect(pair) {
    const {near} = pair;
    const far = net.connect({port: this.target, host: '127.0.0.1', noDelay: true});
    pair.far = far;
    far.on('error', () => {});
    far.on('close', () => this.#break(pair));
    this.#carry(near, far, 'there');
    this.#carry(far, near, 'back');
  }

  #carry(from, to, way) {
    from.on('data', (bytes) => { if (!to.write(bytes)) from.pause(); });
    from.on('end', () => to.end());
    to.on('drain', () => { if (this.#passes(way)) from.resume(); });
  }

  #passes(way) {
    return this.#state === 'open' || (this.#state !== 'both' && this.#state !== way);
  }

  // Lets through what may pass now. (A connection that is made in silence is made when it is over.)
  #flow(pair) {
    if (!pair.far && this.#state !== 'open') return;
    if (!pair.far) this.#connect(pair);
    for (const [socket, way] of [[pair.near, 'there'], [pair.far, 'back']]) {
      if (this.#passes(way)) socket.resume();
      else socket.pause();
    }
  }

  #break({near, far}) {
    for (const pair of this.#pairs) if (pair.near === near) this.#pairs.delete(pair);
    for (const socket of [near, far]) if (socket && !socket.destroyed) socket.resetAndDestroy();
  }
}
