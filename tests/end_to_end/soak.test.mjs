// The soak with a new seed each time; `node soak.mjs --seed N` makes the same plan again.
import assert from 'node:assert/strict';
import {describe} from 'node:test';
import {it} from './harness.mjs';
import {defaults, soak} from './soak.mjs';

describe('the soak', () => {
  it('EverySequenceIsCompleteOrHasAGapExactlyWhereTheLogHadLetGo', async (t) => {
    const options = {...defaults, seed: Number(process.env.SLUICE_SOAK_SEED ?? Date.now() % 2 ** 31)};
    console.log(`soak: ${JSON.stringify(options)}`);
    const {violations, ...figures} = await soak(t, options);
    console.log(`soak: ${JSON.stringify(figures)}`);
    assert.deepEqual(violations.slice(0, 20), []);
    // It has really tried what it is about.
    assert.ok(figures.deliveries > options.events && figures.gaps > 10 && figures.resumes > 100,
        JSON.stringify(figures));
  }, {timeout: 300_000});
});
