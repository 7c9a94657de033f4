// The demo, as deploy/quickstart.sh starts it: the page shows the machine's figures, and resumes.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdirSync} from 'node:fs';
import path from 'node:path';
import {openPage, startBrowser} from './browser.mjs';
import {buildFolder, it, repository, start, startBridge} from './harness.mjs';

const demo = path.join(repository, 'deploy/demo');

async function startDemo(t) {
  mkdirSync(path.join(repository, 'build/demo'), {recursive: true});
  execFileSync('protoc', [
    `-I${demo}`, '--include_imports',
    `--descriptor_set_out=${path.join(repository, 'build/demo/demo.binpb')}`, 'demo.proto',
  ]);
  const authorizer = start(t, path.join(buildFolder, 'example_authorizer'), [
    '--config', path.join(demo, 'tokens.yaml'), '--listen', '127.0.0.1:0',
  ]);
  const address = await authorizer.output.when(
      (lines) => lines.map((line) => line.match(/listening on (\S+)/)?.[1]).find(Boolean), 'the authorizer listens');
  const bridge = await startBridge(t, {
    configFile: path.join(demo, 'sluice.yaml'), env: {DEMO_AUTHORIZER: address},
  });
  const publisher = start(t, '/usr/bin/python3', [path.join(demo, 'publisher.py'), bridge.grpc], {
    env: {DEMO_TOKEN: 'demo-publisher'},
  });
  return {bridge, publisher};
}

it('TheDemosPageShowsLiveFiguresAndResumesAfterADisconnect', async (t) => {
  const {bridge, publisher} = await startDemo(t);
  const browser = await startBrowser(t);
  const {page} = await openPage(t, browser, {url: bridge.url('/')});
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  const shown = (id, pattern) => page.waitForFunction(
      ([id, source]) => new RegExp(source).test(document.getElementById(id).textContent), [id, pattern.source]);
  const lastOffset = async () => Number((await page.textContent('#last')).split('-')[1]);

  await shown('cpu', /^\d+$/);
  await shown('total', /of [\d.]+ GiB used/);
  await shown('top', /\d/);
  await shown('state', /^live$/);

  await page.click('#toggle');
  await shown('state', /^disconnected$/);
  const left = await lastOffset();
  const known = await page.textContent('#received');
  await publisher.stop();
  const {position} = await (await fetch(bridge.url('/v1/stats'), {headers: {authorization: 'Bearer demo'}})).json();
  await page.click('#toggle');
  await page.waitForFunction((id) => document.getElementById('last').textContent === id, position);
  // Everything in between, and one `connect`.
  const received = await page.textContent('#received') - known;
  assert.equal(received, Number(position.split('-')[1]) - left + 1);
  assert.deepEqual(errors, []);
  assert.equal(publisher.log.items.join('\n'), '');
});
