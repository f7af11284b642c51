/** Which channels carry information and where values are missing, gathered block by block. */

export interface InspectedChannels {
  /** `[channel]`, 1 used, 0 rejected by the file or because it never changes. */
  readonly mask: Float32Array;
  readonly warnings: string[];
}

export interface ChannelInspection {
  /** @param block `[sample, channel * bandCount + band]`, in order */
  add(block: Float32Array): void;
  /** Channels, of those that the file does not reject, that have not changed so far. */
  unchanged(given: Float32Array | undefined): number[];
  /**
   * @param given `[channel]`, 0 where the file itself rejects a channel
   * @throws when no channel is left
   */
  finish(given: Float32Array | undefined, rateHz: number): InspectedChannels;
}

/** @param names one per column */
export function createChannelInspection(
  names: readonly string[],
  bandCount: number,
): ChannelInspection {
  const width = names.length;
  const lowest = new Float64Array(width).fill(Number.POSITIVE_INFINITY);
  const highest = new Float64Array(width).fill(Number.NEGATIVE_INFINITY);
  const run = new Int32Array(width);
  let count = 0;
  let missing = 0;
  let longestRun = 0;
  const unchanged = (given: Float32Array | undefined): number[] => {
    const channels: number[] = [];
    for (let channel = 0; channel < width / bandCount; channel++) {
      let isChanging = given?.[channel] === 0;
      for (let c = channel * bandCount; c < (channel + 1) * bandCount; c++) {
        isChanging ||= highest[c] > lowest[c];
      }
      if (!isChanging) channels.push(channel);
    }
    return channels;
  };
  return {
    unchanged,
    add(block) {
      count += block.length;
      for (let i = 0, c = 0; i < block.length; i++, c = c + 1 === width ? 0 : c + 1) {
        const value = block[i];
        if (Number.isFinite(value)) {
          run[c] = 0;
          if (value < lowest[c]) lowest[c] = value;
          if (value > highest[c]) highest[c] = value;
        } else {
          missing += 1;
          run[c] += 1;
          if (run[c] > longestRun) longestRun = run[c];
        }
      }
    },
    finish(given, rateHz) {
      const mask = given ? Float32Array.from(given) : new Float32Array(width / bandCount).fill(1);
      const channels = unchanged(given);
      for (const channel of channels) mask[channel] = 0;
      const flat = channels.map((channel) => names[channel * bandCount]);
      if (mask.every((valid) => valid === 0)) {
        throw new Error(
          '[session] expected at least one channel whose values change, got none: choose another LFP series',
        );
      }
      const warnings: string[] = [];
      if (flat.length > 0) warnings.push(`Left out, because they never change: ${listed(flat)}.`);
      if (missing > 0) {
        warnings.push(
          `LFP has gaps: ${percent(missing / count)} of its values are missing, the longest run ` +
            `${(longestRun / rateHz).toFixed(3)} s. Frames without any channel are left out; a single missing channel repeats its last value.`,
        );
      }
      return { mask, warnings };
    },
  };
}

export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(fraction < 0.1 ? 2 : 0)} %`;
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
