// Many channels in one chart, one above the other: the arithmetic shared by strips and previews.
import type uPlot from 'uplot';

/** Robust half-range of values: the 98th percentile of distance from the median. */
export function spreadOf(values: ArrayLike<number>): { centre: number; spread: number } {
  const finite = Array.from(values as ArrayLike<number>).filter(Number.isFinite);
  if (finite.length === 0) return { centre: 0, spread: 1 };
  finite.sort((a, b) => a - b);
  const at = (share: number) =>
    finite[Math.min(finite.length - 1, Math.floor(share * finite.length))];
  const centre = at(0.5);
  return { centre, spread: Math.max(at(0.98) - centre, centre - at(0.02), 1e-12) };
}

/** The values of channel `index`, scaled into its lane; not finite becomes a gap. */
export function laneOf(
  values: ArrayLike<number>,
  index: number,
  { centre, spread }: { centre: number; spread: number },
): (number | null)[] {
  return Array.from(values as ArrayLike<number>, (value) =>
    Number.isFinite(value) ? -index + (0.45 * (value - centre)) / spread : null,
  );
}

/** Longer ones keep their end, which tells them apart. */
const LONGEST_NAME = 8;

/** An axis that names the lanes. */
export function laneAxis(names: readonly string[]): uPlot.Axis {
  return {
    splits: () => names.map((_, i) => -i),
    values: () =>
      names.map((name) => (name.length > LONGEST_NAME ? `…${name.slice(1 - LONGEST_NAME)}` : name)),
  };
}

export function laneScale(count: number): uPlot.Scale {
  return { auto: false, range: () => [-(count - 1) - 0.7, 0.7] };
}
