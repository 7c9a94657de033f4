// Every example is whole: its configuration is good, takes the variables that its .env.example names, and
// says how to run it.
import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {describe} from 'node:test';
import {buildFolder, it, run} from './harness.mjs';
import {examples} from './typed.mjs';

const systems = ['cortex', 'connectome', 'token-stream', 'multi-agent', 'theo'];
const read = (...file) => readFileSync(path.join(examples, ...file), 'utf8');
const check = (t, system, env) => run(t, path.join(buildFolder, 'sluice'),
    ['--check-config', '--config', path.join(examples, `${system}.yaml`)], {env});

describe('examples', () => {
  for (const system of systems) {
    const configuration = read(`${system}.yaml`);

    it(`${system} IsAGoodConfigurationAtEveryLogLevel`, async (t) => {
      for (const LOG_LEVEL of ['', 'DEBUG', 'INFO', 'WARNING', 'ERROR']) {
        const {code, err} = await check(t, system, {LOG_LEVEL});
        assert.deepEqual([code, err], [0, ''], LOG_LEVEL);
      }
      const {code, err} = await check(t, system, {LOG_LEVEL: 'LOUD'});
      assert.equal(code, 1);
      assert.match(err, /log\.level/);
    });

    it(`${system} TakesTheVariablesOfItsEnvExampleWithTheirDefaults`, async () => {
      const named = [...read(system, '.env.example').matchAll(/^([A-Z_]+)=(.*)$/gm)]
          .map(([, name, value]) => `\${${name}:-${value}}`);
      const taken = [...configuration.matchAll(/\$\{[A-Z_]+:-[^}]*\}/g)].map(([text]) => text);
      assert.deepEqual([...new Set(named)].sort(), [...new Set(taken)].sort());
    });

    it(`${system} SaysInItsFirstLinesHowToRunIt`, async () => {
      const [opening] = configuration.split(/^[^#]/m);
      assert.match(opening, new RegExp(`sluice --config deploy/examples/${system}.yaml`));
      assert.match(opening, /curl .*http:\/\//);
      const files = [...opening.matchAll(/deploy\/examples\/([\w./-]+)/g)].map(([, file]) => file);
      for (const file of files) assert.ok(existsSync(path.join(examples, file)), file);
      assert.match(read('README.md'), new RegExp(`\\| \\[\`${system}\`\\]\\(${system}.yaml\\) \\|`));
    });
  }

  it('ListenWhereTheSystemsTheyReplaceDo', async () => {
    assert.match(read('token-stream.yaml'), /listen: "\$\{HTTP_LISTEN:-127\.0\.0\.1:8001\}"/);
    assert.match(read('multi-agent.yaml'), /listen: "\$\{HTTP_LISTEN:-127\.0\.0\.1:8000\}"/);
  });
});
