/** Zeros in place of the channels that are not used. */

/**
 * In place.
 * @param lfp `[frame, channel * bandCount + band]`
 * @param channelMask `[channel]`, 0 where rejected
 */
export function clearRejected(
  lfp: Float32Array,
  channelMask: Float32Array,
  bandCount: number,
): void {
  if (channelMask.every((valid) => valid === 1)) return;
  const width = channelMask.length * bandCount;
  for (let i = 0; i < lfp.length; i++) {
    if (channelMask[Math.floor((i % width) / bandCount)] === 0) lfp[i] = 0;
  }
}
