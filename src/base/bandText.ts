/** Frequency bands as people write them: "70-150". */

/** @returns lower and upper edge; undefined for anything else */
export function parseBand(text: string): [lowHz: number, highHz: number] | undefined {
  const [, low, high] = /^(\d+(?:\.\d+)?)[-–](\d+(?:\.\d+)?)$/.exec(text) ?? [];
  return Number(low) > 0 && Number(low) < Number(high) ? [Number(low), Number(high)] : undefined;
}

export function bandText([lowHz, highHz]: readonly [lowHz: number, highHz: number]): string {
  return `${lowHz}-${highHz}`;
}
