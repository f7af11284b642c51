// Which frames are masked in pretraining and which are reconstructed in distillation.

import { integer, PURPOSE, permutation } from '../base/rng';

/**
 * Blocks of random length at random starts, which may overlap, until exactly `count` frames are masked; after 200
 * tries single frames fill up (REALM, section 1.4).
 * @param draw counter that is unique per segment and replay
 * @returns [frames], 1 = masked
 */
export function blockMask(
  frames: number,
  count: number,
  blockFrames: readonly [number, number],
  seed: number,
  draw: number,
): Float32Array {
  const mask = new Float32Array(frames);
  let masked = 0;
  const set = (t: number): void => {
    if (mask[t] === 0 && masked < count) {
      mask[t] = 1;
      masked++;
    }
  };
  for (let attempt = 0; attempt < 200 && masked < count; attempt++) {
    const wanted = integer(seed, PURPOSE.mask, draw, 2 * attempt, blockFrames[0], blockFrames[1]);
    const length = Math.min(wanted, count - masked, frames);
    const start = integer(seed, PURPOSE.mask, draw, 2 * attempt + 1, 0, frames - length);
    for (let t = start; t < start + length; t++) set(t);
  }
  for (let t = 0; t < frames; t++) set(t);
  return mask;
}

/** A random `count` of the frames, 1 = chosen. */
export function frameChoice(
  frames: number,
  count: number,
  seed: number,
  draw: number,
): Float32Array {
  const mask = new Float32Array(frames);
  for (const t of permutation(seed, PURPOSE.reconstructionFrames, draw, frames).slice(0, count)) {
    mask[t] = 1;
  }
  return mask;
}
