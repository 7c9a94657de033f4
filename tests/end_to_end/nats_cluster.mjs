// Real NATS servers with JetStream, alone or as a cluster whose every connection goes through a link that can fail.
import {execFileSync} from 'node:child_process';
import {existsSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {eventually, start, steadyPort, temporaryFolder} from './harness.mjs';
import {Link} from './links.mjs';
import {request} from './sse.mjs';

const program = '/usr/sbin/nats-server';
export const missing = !existsSync(program) && 'nats-server is not installed';

// Whether a leader that was stopped, or cut off from the others, keeps for good what they never had: what its stream
// holds then depends on who leads. Seen up to this version (nats_replicas.mjs shows it); nobody but NATS can mend it.
export function replicasDrift() {
  const version = execFileSync(program, ['--version'], {encoding: 'utf8'}).match(/v(\d+)\.(\d+)\.(\d+)/).slice(1).map(Number);
  const known = [2, 9, 10];
  const at = version.findIndex((part, i) => part !== known[i]);
  return at < 0 || version[at] < known[at];
}

// A server that is started again with the same ports and the same store.
class NatsServer {
  constructor(t, name) {
    Object.assign(this, {t, name, folder: temporaryFolder(t)});
  }

  async choosePorts() {
    [this.port, this.monitorPort, this.routePort] = [await steadyPort(), await steadyPort(), await steadyPort()];
    this.address = `nats://127.0.0.1:${this.port}`;
  }

  // `cluster`: the ports at which it finds the others; it tells nobody of ports that are behind no link.
  configure(cluster) {
    this.file = path.join(this.folder, 'nats.conf');
    writeFileSync(this.file, `
server_name: ${this.name}
listen: "127.0.0.1:${this.port}"
http: "127.0.0.1:${this.monitorPort}"
ping_interval: "5s"
jetstream { store_dir: "${this.folder}", max_memory_store: 256MB, max_file_store: 4GB }
${cluster ? `cluster {
  name: tests
  listen: "127.0.0.1:${this.routePort}"
  no_advertise: true
  cluster_advertise: "127.0.0.1:1"
  routes: [${cluster.map((port) => `"nats-route://127.0.0.1:${port}"`).join(', ')}]
}` : ''}
`);
  }

  async start() {
    this.process = start(this.t, program, ['-c', this.file]);
    await this.process.log.when((lines) => lines.some((line) => /Server is ready/.test(line)), `${this.name} is ready`, 30_000);
  }

  async kill() {
    this.process.child.kill('SIGKILL');
    await this.process.exited;
  }

  stop() {
    this.process.child.kill('SIGSTOP');
  }

  goOn() {
    this.process.child.kill('SIGCONT');
  }

  // What its monitoring says; nothing where it does not answer.
  async ask(target) {
    try {
      return (await request(`http://127.0.0.1:${this.monitorPort}${target}`, {ms: 2_000})).json();
    } catch {
      return undefined;
    }
  }

  // Whether it has caught up with the others.
  async healthy() {
    return (await this.ask('/healthz'))?.status === 'ok';
  }
}

// One server, that is started.
export async function startNats(t) {
  const server = new NatsServer(t, 'alone');
  await server.choosePorts();
  server.configure();
  await server.start();
  return server;
}

// Servers that keep their streams together. They reach each other by `routes`, and others reach them by links of
// their own (`linksFor`).
export class NatsCluster {
  routes = [];    // {from, to, link}, servers' places
  clients = [];   // {to, link}

  // `direct`: without links, so that nothing can fail and nothing stands in the way.
  static async start(t, size = 3, {direct = false} = {}) {
    const cluster = new NatsCluster();
    cluster.t = t;
    cluster.servers = Array.from({length: size}, (_, i) => new NatsServer(t, `nats-${i}`));
    for (const server of cluster.servers) await server.choosePorts();
    for (const from of cluster.servers.keys()) {
      for (const to of cluster.servers.keys()) {
        if (from === to || direct) continue;
        cluster.routes.push({from, to, link: await Link.open(t, cluster.servers[to].routePort)});
      }
    }
    cluster.servers.forEach((server, i) => server.configure(direct ?
      cluster.servers.map(({routePort}) => routePort) : cluster.routes.filter(({from}) => from === i).map(({link}) => link.port)));
    await Promise.all(cluster.servers.map((server) => server.start()));
    await cluster.whole();
    return cluster;
  }

  // Addresses for somebody whose links to the servers fail on their own: {addresses, links}.
  async linksFor() {
    const links = [];
    for (const [to, server] of this.servers.entries()) {
      const link = await Link.open(this.t, server.port);
      links.push(link);
      this.clients.push({to, link});
    }
    return {links, addresses: links.map(({port}) => `nats://127.0.0.1:${port}`)};
  }

  // The links between a server and the others; with `clients` those of everybody to it, too.
  linksOf(index, {clients = false} = {}) {
    return [
      ...this.routes.filter(({from, to}) => from === index || to === index),
      ...(clients ? this.clients.filter(({to}) => to === index) : []),
    ].map(({link}) => link);
  }

  // Until all servers are there, with everything that the others have.
  async whole(ms = 60_000) {
    const healthy = async () => (await Promise.all(this.servers.map((server) => server.healthy()))).every(Boolean);
    await eventually(healthy, 'the NATS servers are healthy', ms);
  }

  // The place of the server that leads a stream; undefined while nobody does.
  async leaderOf(stream) {
    for (const server of this.servers) {
      const answer = await server.ask('/jsz?accounts=true&streams=true');
      const details = answer?.account_details?.flatMap(({stream_detail: streams}) => streams ?? []) ?? [];
      const leader = details.find(({name}) => name === stream)?.cluster?.leader;
      const index = this.servers.findIndex(({name}) => name === leader);
      if (index >= 0) return index;
    }
    return undefined;
  }
}
