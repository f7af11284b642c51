/** Frames found in an archive, and how their columns are named. */
import type { Signal } from '../session';

/** LFP and behaviour of one archive, whatever its layout. */
export interface FrameArrays {
  readonly lfpPath: string;
  readonly behaviourPath?: string;
  readonly lfp: Signal;
  readonly bands: readonly string[];
  readonly behaviour?: Signal;
  readonly warnings: readonly string[];
}

/** One name per column `channel * bandCount + band`. */
export function columnNames(channelCount: number, bands: readonly string[]): string[] {
  return Array.from({ length: channelCount * bands.length }, (_, column) => {
    const channel = `ch ${Math.floor(column / bands.length) + 1}`;
    return bands.length === 1 ? channel : `${channel} ${bands[column % bands.length]}`;
  });
}

export function numbered(word: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${word} ${i + 1}`);
}
