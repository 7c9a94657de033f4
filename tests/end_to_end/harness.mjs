// The vocabulary of the end-to-end tests: real programs on free loopback ports, waited for by
// condition and deadline, and ended whatever happens.
//
// Every credential of these tests contains SECRET, and no bridge may ever log it: each one's log is
// searched when it ends.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'node:test';
import {fileURLToPath} from 'node:url';

export const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const buildFolder = path.resolve(
    repository, process.env.SLUICE_BUILD ?? 'build/release');
export const SECRET = 's3cret';
export const token = (name) => `${SECRET}-${name}`;

// Each child leads a process group, so that what it has started ends with it.
const running = new Set();
function end(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended by itself.
  }
}
process.on('exit', () => {
  for (const child of running) end(child, 'SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

// The promise, or an error that says what was waited for.
export function within(ms, promise, what) {
  let timer;
  const deadline = new Promise((_, reject) => {
    timer = setTimeout(() => {
      const detail = typeof what === 'function' ? what() : what;
      reject(new Error(`not within ${ms} ms: ${detail}`));
    }, ms);
  });
  return Promise.race([promise, deadline]).finally(() => clearTimeout(timer));
}

// Asks until the answer is truthy, and returns it.
export async function eventually(ask, what, ms = 10_000) {
  const deadline = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// A list that can be waited on.
export class Feed {
  items = [];
  #watchers = new Set();

  push(item) {
    this.items.push(item);
    this.#wake();
  }

  end(reason) {
    this.ended ??= reason ?? 'ended';
    this.#wake();
  }

  #wake() {
    for (const watcher of [...this.#watchers]) watcher();
  }

  // Resolves when `condition(items)` is truthy, with its value.
  async when(condition, what, ms = 10_000) {
    let watcher;
    const met = new Promise((resolve, reject) => {
      watcher = () => {
        const value = condition(this.items);
        if (value) resolve(value);
        else if (this.ended) reject(new Error(`ended (${this.ended}) before: ${what}`));
      };
    });
    this.#watchers.add(watcher);
    watcher();
    try {
      return await within(ms, met, () => `${what}; there is: ${JSON.stringify(this.items.slice(-8))}`);
    } finally {
      this.#watchers.delete(watcher);
    }
  }
}

// A folder that goes away with the test.
export function temporaryFolder(t) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-e2e-'));
  t.after(() => rmSync(folder, {recursive: true, force: true}));
  return folder;
}

// SLUICE_* settings are the bridge's: it gets those that a test names, not those of whoever runs the test.
const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('SLUICE_')));

// A child process whose lines of standard error (`log`) and output (`output`) can be waited on.
export function start(t, command, args = [], {env = {}, cwd, input = 'ignore'} = {}) {
  const child = spawn(command, args, {
    cwd, env: {...environment, ...env}, stdio: [input, 'pipe', 'pipe'], detached: true,
  });
  running.add(child);
  const program = {name: path.basename(command), child, pid: child.pid, log: new Feed(), output: new Feed()};
  program.exited = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({code, signal});
    });
  });
  program.exited.catch(() => {});
  t.programs.push(program);
  for (const [stream, feed] of [[child.stderr, program.log], [child.stdout, program.output]]) {
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) feed.push(line);
    });
    stream.on('close', () => {
      if (rest) feed.push(rest);
      feed.end('the program ended');
    });
  }
  program.stop = async (signal = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return within(20_000, program.exited, `${path.basename(command)} ends after ${signal}`);
  };
  t.after(async () => {
    end(child, 'SIGKILL');
    await program.exited.catch(() => {});
  });
  return program;
}

// Runs to the end; answers what it printed.
export async function run(t, command, args = [], options = {}) {
  const program = start(t, command, args, options);
  const {code} = await within(
      options.ms ?? 30_000, program.exited, `${command} ${args.join(' ')} ends`);
  return {
    code, out: program.output.items.join('\n'), err: program.log.items.join('\n'),
  };
}

export function assertNoSecret(lines, secrets = []) {
  const leak = lines.find((line) => [SECRET, ...secrets].some((secret) => line.includes(secret)));
  assert.equal(leak, undefined, `a credential is in the log: ${leak}`);
}

// YAML holds JSON, so a configuration is written as a plain object.
export function writeConfig(t, config) {
  const file = path.join(temporaryFolder(t), 'sluice.yaml');
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config, null, 1));
  return file;
}

export const openToAll = {authorizer: {none: {}}, http: {public_stats: true}};

// A bridge that is ready, with `config` (an object or YAML) or a `configFile`; `secrets` may not be in its
// log either.
export async function startBridge(t, {
  config = openToAll, configFile, httpPort = 0, grpcPort = 0, args = [], env = {}, secrets = [],
} = {}) {
  const file = configFile ?? (config && writeConfig(t, config));
  let program;
  t.after(() => assertNoSecret(program.log.items, secrets));  // once it has ended
  program = start(t, path.join(buildFolder, 'sluice'), [
    ...(file ? ['--config', file] : []),
    '--http-listen', `127.0.0.1:${httpPort}`, '--grpc-listen', `127.0.0.1:${grpcPort}`, ...args,
  ], {env});
  const ready = await program.log.when(
      (lines) => lines.map(parseReady).find(Boolean), 'the bridge says it is ready', 15_000);
  return {
    ...program, ...ready, scope: t,
    httpPort: Number(ready.http.split(':').pop()),
    grpcPort: Number(ready.grpc.split(':').pop()),
    url: (target) => `http://${ready.http}${target}`,
  };
}

// The authorizer of sdk/cpp/examples, with `tokens`: token -> what its policy.h says.
export async function startExampleAuthorizer(t, tokens) {
  const program = start(t, path.join(buildFolder, 'example_authorizer'),
      ['--config', writeConfig(t, {tokens}), '--listen', '127.0.0.1:0']);
  const address = await program.output.when(
      (lines) => lines.map((line) => line.match(/listening on (\S+)/)?.[1]).find(Boolean),
      'the authorizer listens');
  return {...program, address};
}

function parseReady(line) {
  if (!/\bready\b/.test(line)) return undefined;
  const address = (key) => line.match(new RegExp(`\\b${key}"?[=:] ?"?([0-9.]+:[0-9]+)`))?.[1];
  const [http, grpc, ops] = ['http', 'grpc', 'ops'].map(address);
  return http && grpc ? {http, grpc, ops} : undefined;
}

// A free port that nobody listens on (now).
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

// A free port for what is ended and started again on it: none that the kernel gives to outgoing connections, which
// might hold it meanwhile (one that is made to the port itself, for one).
export async function steadyPort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = net.createServer().listen(port, '127.0.0.1');
    const free = await new Promise((resolve) => {
      server.once('listening', () => resolve(true));
      server.once('error', () => resolve(false));
    });
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

// A TCP proxy in front of `port`, which can cut every connection it carries.
export async function startProxy(t, port) {
  const pairs = new Set();
  const server = net.createServer((near) => {
    const far = net.connect(port, '127.0.0.1');
    const pair = [near, far];
    pairs.add(pair);
    near.pipe(far).pipe(near);
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        pairs.delete(pair);
        for (const other of pair) other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const [near, far] of pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
  };
  t.after(() => {
    cut();
    server.close();
  });
  return {
    port: server.address().port, cut, connections: () => pairs.size,
    url: (target) => `http://127.0.0.1:${server.address().port}${target}`,
  };
}

// An HTTP server of the test's own.
export async function startWebServer(t, answer) {
  const server = http.createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {port: server.address().port, origin: `http://127.0.0.1:${server.address().port}`};
}

// What a test or a whole describe() has started: ended newest first, all of it, also after a failure.
export function scope() {
  const endings = [];
  return {
    programs: [],
    after: (ending) => endings.push(ending),
    async end() {
      let failure;
      while (endings.length) {
        try {
          await endings.pop()();
        } catch (error) {
          failure ??= error;
        }
      }
      if (failure) throw failure;
    },
  };
}

// A test with a scope of its own; a failure shows the last lines that its programs logged.
export function it(name, body, {timeout = 120_000, skip} = {}) {
  test(name, {timeout, skip}, async (context) => {
    const t = scope();
    try {
      await body(t);
    } catch (error) {
      for (const {name: program, log} of t.programs) {
        context.diagnostic(`${program}:\n${log.items.slice(-15).join('\n')}`);
      }
      await t.end().catch(() => {});
      throw error;
    }
    await t.end();
  });
}
