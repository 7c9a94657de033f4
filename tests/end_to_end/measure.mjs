// What a process holds, and when something has come to rest.
import {readFileSync} from 'node:fs';
import {eventually} from './harness.mjs';

// What the process itself holds: not the kernel's socket buffers.
export function privateBytes(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return ['Private_Clean', 'Private_Dirty'].reduce(
      (sum, key) => sum + 1024 * Number(text.match(new RegExp(`^${key}: +(\\d+) kB`, 'm'))[1]), 0);
}

// Resolves when `figure()` has been the same, and not 0, for a second.
export async function settled(figure, what) {
  let [last, since] = [figure(), Date.now()];
  await eventually(() => {
    const now = figure();
    if (now !== last) [last, since] = [now, Date.now()];
    return now > 0 && Date.now() - since > 1_000;
  }, what, 60_000);
}
