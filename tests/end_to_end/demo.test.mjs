// The demo, as deploy/quickstart.sh starts it: the page shows the machine's figures, and resumes.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdirSync} from 'node:fs';
import path from 'node:path';
import {openPage, startBrowser} from './browser.mjs';
import {buildFolder, eventually, it, repository, start, startBridge} from './harness.mjs';

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
  const known = Number(await page.textContent('#received'));
  const position = async () => {
    const answer = await fetch(bridge.url('/v1/stats'), {headers: {authorization: 'Bearer demo'}});
    return Number((await answer.json()).position.split('-')[1]);
  };
  // Something is missed, and then nothing comes any more.
  await eventually(async () => await position() > left, 'the publisher goes on');
  await publisher.stop();
  const missed = await position() - left;
  await page.click('#toggle');
  await shown('state', /^live$/);
  await page.waitForFunction(
      (count) => Number(document.getElementById('received').textContent) >= count, known + missed + 1);
  // Everything in between, and one `connect`.
  assert.equal(Number(await page.textContent('#received')), known + missed + 1);
  assert.equal(await lastOffset(), left + missed);
  assert.deepEqual(errors, []);
  assert.equal(publisher.log.items.join('\n'), '');
});
