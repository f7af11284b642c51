/** What each channel is measured against: the average of all, its neighbour, or nothing. */

/**
 * `average`: less the mean over the used channels. `bipolar`: less the next used channel in electrode order,
 * which is the order of the columns; the pair stands in place of its first channel, and the last has none.
 */
export type ReferenceKind = 'average' | 'bipolar' | 'none';

export interface Reference {
  /** `[channel]`, 1 where a signal comes out, 0 for rejected channels and the last of a bipolar row. */
  readonly mask: Float32Array;
  /** @param rows `[row, channel]`, changed in place; channels without a signal become 0 */
  apply(rows: Float32Array | Float64Array): void;
  /** `LFP3-LFP4` for a pair. */
  nameOf(channel: number, names: readonly string[]): string;
}

/**
 * @param channelMask `[channel]`, 0 rejected; absent: all are used
 * @throws when fewer than two channels are left to make pairs of
 */
export function createReference(
  kind: ReferenceKind,
  channelCount: number,
  channelMask?: Float32Array,
): Reference {
  const all = Array.from({ length: channelCount }, (_, c) => c);
  const used = all.filter((c) => channelMask?.[c] !== 0);
  if (kind === 'bipolar' && used.length < 2) {
    throw new Error(
      `[reference] expected at least two channels in use for a bipolar reference, got ${used.length}: ` +
        'take another channel back or choose another reference',
    );
  }
  const kept = kind === 'bipolar' ? used.slice(0, -1) : used;
  const mask = new Float32Array(channelCount);
  for (const c of kept) mask[c] = 1;
  const silent = all.filter((c) => mask[c] === 0);
  return {
    mask,
    apply(rows) {
      // The average of one channel is that channel.
      if (kind === 'average' && used.length > 1) subtractAverage(rows, channelCount, used);
      if (kind === 'bipolar') subtractNext(rows, channelCount, used);
      for (let row = 0; silent.length > 0 && row < rows.length; row += channelCount) {
        for (const c of silent) rows[row + c] = 0;
      }
    },
    nameOf(channel, names) {
      const isPair = kind === 'bipolar' && mask[channel] === 1;
      return isPair
        ? `${names[channel]}-${names[used[used.indexOf(channel) + 1]]}`
        : names[channel];
    },
  };
}

function subtractAverage(
  rows: Float32Array | Float64Array,
  channelCount: number,
  used: readonly number[],
): void {
  for (let row = 0; row < rows.length; row += channelCount) {
    let sum = 0;
    for (const c of used) sum += rows[row + c];
    const mean = sum / used.length;
    for (const c of used) rows[row + c] -= mean;
  }
}

function subtractNext(
  rows: Float32Array | Float64Array,
  channelCount: number,
  used: readonly number[],
): void {
  for (let row = 0; row < rows.length; row += channelCount) {
    for (let j = 0; j + 1 < used.length; j++) rows[row + used[j]] -= rows[row + used[j + 1]];
  }
}
