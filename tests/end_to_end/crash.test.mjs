// A short run of what `node crash.mjs` does a hundred times, with a new seed each time.
import assert from 'node:assert/strict';
import {describe} from 'node:test';
import {crash, defaults} from './crash.mjs';
import {it} from './harness.mjs';

async function run(t, plan) {
  const seed = Number(process.env.SLUICE_CRASH_SEED ?? Date.now() % 2 ** 31);
  const options = {...defaults, seed, ...plan};
  console.log(`crash: ${JSON.stringify(options)}`);
  const {violations, ...figures} = await crash(t, options);
  console.log(`crash: ${JSON.stringify(figures)}`);
  assert.deepEqual(violations.slice(0, 20), []);
  return figures;
}

describe('a bridge with its event log on disk', () => {
  for (const sync of ['always', 'interval', 'never']) {
    it(`LosesNothingAndRepeatsNothingWhenItIsKilled, sync: ${sync}`, async (t) => {
      const {acknowledged, resumes, gaps} = await run(t, {kills: 5, sync, kept: 20, age: 5});
      // It has really tried what it is about.
      assert.ok(acknowledged > 50 && resumes >= 5 * 8 && gaps > 0);
    });
  }
});
