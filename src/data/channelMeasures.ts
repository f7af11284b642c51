/** Measures of single channels by which broken ones stand out. */

const MIN_CHANNELS_FOR_OUTLIERS = 4;

/** Fraction of values held at the lowest or highest one. Standing at an extreme counts only where it is held: two equal samples or more in a row. */
export function saturation(parts: readonly Float64Array[]): number {
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  for (const part of parts) {
    for (const value of part) {
      if (value < lowest) lowest = value;
      if (value > highest) highest = value;
    }
  }
  if (!(highest > lowest)) return 0;
  let held = 0;
  for (const part of parts) {
    for (let i = 1; i < part.length; i++) {
      const isHeld = part[i] === part[i - 1];
      if (isHeld && (part[i] === lowest || part[i] === highest)) held += 1;
    }
  }
  return held / lengthOf(parts);
}

/** Samples of the longest stretch of one value; 0 if no two are equal. */
export function longestFlatRun(parts: readonly Float64Array[]): number {
  let longest = 0;
  for (const part of parts) {
    let run = 1;
    for (let i = 1; i < part.length; i++) {
      run = part[i] === part[i - 1] ? run + 1 : 1;
      if (run > longest) longest = run;
    }
  }
  return longest > 1 ? longest : 0;
}

/** Fraction of values that are not finite. */
export function missingShare(parts: readonly Float64Array[]): number {
  let missing = 0;
  for (const part of parts) for (const value of part) if (!Number.isFinite(value)) missing += 1;
  return missing / Math.max(1, lengthOf(parts));
}

/** Whether all values are whole multiples of the smallest positive one, and none is negative: counts, or their rates. */
export function areCounts(parts: readonly Float64Array[]): boolean {
  let unit = Number.POSITIVE_INFINITY;
  for (const part of parts) for (const value of part) if (value > 0 && value < unit) unit = value;
  return parts.every((part) =>
    part.every((value) => {
      const multiple = value / unit;
      return (
        !Number.isFinite(value) || (value >= 0 && Math.abs(multiple - Math.round(multiple)) < 1e-4)
      );
    }),
  );
}

function lengthOf(parts: readonly Float64Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

/** Of the finite values in all stretches. */
export function moments(parts: readonly Float64Array[]): { mean: number; deviation: number } {
  let count = 0;
  let mean = 0;
  let squares = 0;
  for (const part of parts) {
    for (const value of part) {
      if (!Number.isFinite(value)) continue;
      count += 1;
      const difference = value - mean;
      mean += difference / count;
      squares += difference * (value - mean);
    }
  }
  return { mean, deviation: Math.sqrt(squares / Math.max(1, count)) };
}

/**
 * Distance of each variance's logarithm from the median one, in robust standard deviations:
 * 1.4826 x the median absolute deviation estimates a standard deviation (Rousseeuw and Croux, 1993).
 */
export function varianceScores(deviations: readonly number[]): number[] {
  if (deviations.length < MIN_CHANNELS_FOR_OUTLIERS) return deviations.map(() => 0);
  const logs = deviations.map((deviation) => 2 * Math.log(Math.max(deviation, 1e-30)));
  const centre = median(logs);
  // Channels that agree to a few percent would turn any difference into an outlier.
  const spread = Math.max(0.2, 1.4826 * median(logs.map((log) => Math.abs(log - centre))));
  return logs.map((log) => (log - centre) / spread);
}

/**
 * Of each channel with the better of its two neighbours; NaN without any.
 * @param beside `[channel - 1]`, the correlation of each channel but the last with the next
 */
export function neighbourCorrelations(beside: readonly number[]): number[] {
  return Array.from({ length: beside.length + 1 }, (_, channel) => {
    const sides = [beside[channel - 1], beside[channel]].filter((r) => r !== undefined);
    // The better side: next to a broken channel one side is low for no fault of this one.
    return sides.length > 0 ? Math.max(...sides) : Number.NaN;
  });
}

export function correlation(a: readonly Float64Array[], b: readonly Float64Array[]): number {
  const ofA = moments(a);
  const ofB = moments(b);
  let sum = 0;
  let count = 0;
  a.forEach((part, p) => {
    part.forEach((value, i) => {
      const product = (value - ofA.mean) * (b[p][i] - ofB.mean);
      if (!Number.isFinite(product)) return;
      sum += product;
      count += 1;
    });
  });
  const scale = ofA.deviation * ofB.deviation * count;
  return scale > 0 ? sum / scale : 0;
}

/** NaN left out; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
