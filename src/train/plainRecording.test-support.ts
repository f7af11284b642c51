// A recording of the size of the paper's (96 channels, two behaviour columns) with any numbers in it.

import type { Features } from '../data/features';

/** @param numberAt number i of the LFP, and of the behaviour; default 0 */
export function plainRecording(
  frameCount: number,
  numberAt: (i: number) => number = () => 0,
): Features {
  const channelCount = 96;
  const numbers = (columns: number): Float32Array =>
    Float32Array.from({ length: frameCount * columns }, (_, i) => numberAt(i));
  return {
    sessionId: 'plain',
    sessionName: 'plain',
    synthetic: true,
    frameRateHz: 100,
    frameCount,
    channelCount,
    bandCount: 1,
    lfp: numbers(channelCount),
    channelMask: new Float32Array(channelCount).fill(1),
    behaviour: numbers(2),
    behaviourNames: ['vx', 'vy'],
    behaviourUnits: ['cm/s', 'cm/s'],
    frontEnd: 'none',
    groupDelayMs: 0,
  };
}
