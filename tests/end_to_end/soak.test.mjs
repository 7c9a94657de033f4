// The soak with a new seed each time; `node soak.mjs --seed N` makes the same plan again.
import assert from 'node:assert/strict';
import {describe} from 'node:test';
import {it} from './harness.mjs';
import {defaults, soak} from './soak.mjs';

async function run(t, plan) {
  const seed = Number(process.env.SLUICE_SOAK_SEED ?? Date.now() % 2 ** 31);
  const options = {...defaults, seed, ...plan};
  console.log(`soak: ${JSON.stringify(options)}`);
  const {violations, ...figures} = await soak(t, options);
  console.log(`soak: ${JSON.stringify(figures)}`);
  assert.deepEqual(violations.slice(0, 20), []);
  return figures;
}

describe('the soak', () => {
  it('EverySequenceIsCompleteOrHasAGapExactlyWhereTheLogHadLetGo', async (t) => {
    const {deliveries, gaps, resumes} = await run(t, {});
    // It has really tried what it is about.
    assert.ok(deliveries > defaults.events && gaps > 10 && resumes > 100);
  }, {timeout: 300_000});

  it('SoItIsForReadersWhoseSocketsFillUp', async (t) => {
    const {gaps} = await run(t,
        {events: 12_000, topics: 3, subscribers: 24, kept: 300, padding: 4_000});
    assert.ok(gaps > 0);
  }, {timeout: 300_000});
});
