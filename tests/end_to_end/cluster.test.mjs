// A short run of what `node cluster.mjs` does for ten minutes, with a new seed each time.
import assert from 'node:assert/strict';
import {describe} from 'node:test';
import {cluster, defaults} from './cluster.mjs';
import {it} from './harness.mjs';
import {missing} from './nats_cluster.mjs';

describe('bridges on a cluster of NATS servers', () => {
  it('LoseNothingAndRepeatNothingWhateverFails', async (t) => {
    const seed = Number(process.env.SLUICE_CLUSTER_SEED ?? Date.now() % 2 ** 31);
    const options = {...defaults, seed, minutes: 0.7, fault: 4};
    console.log(`cluster: ${JSON.stringify(options)}`);
    const {violations, ...figures} = await cluster(t, options);
    console.log(`cluster: ${JSON.stringify(figures)}`);
    assert.deepEqual(violations.slice(0, 20), []);
    // It has really tried what it is about.
    const {acknowledged, received, resumes, faults} = figures;
    assert.ok(acknowledged > 500 && received > acknowledged && resumes > 50, JSON.stringify(figures));
    assert.ok(Object.keys(faults).length >= 3, JSON.stringify(faults));
  }, {timeout: 400_000, skip: missing});
});
