/** Times at which a recorded sync pulse rises, read in blocks and to a limit. */
import type { OpenFile } from './formats/fileFormat';

const BLOCK_VALUES = 2 ** 20;
/** Values of the series that are looked at, 64 MiB of float32 passed through in blocks. */
const MOST_VALUES = 2 ** 24;
/** Of the way from the lowest value to the highest: noise between the two makes no edge. */
const FALLEN = 0.4;
const RISEN = 0.6;

/**
 * Seconds on the clock of the pulse's own file. A pulse that is high at the beginning has no edge there.
 * @param name a series of one column, a column that no other is named alike, or `series: column`
 * @throws when there is none of this name, it has no rate, or it never rises
 */
export async function risingEdgesS(file: OpenFile, name: string): Promise<number[]> {
  const { path, column, width } = find(file, name);
  const { rateHz, startS, sampleCount } = await file.readClock(path);
  if (!(rateHz > 0)) {
    throw new Error(
      `[align] expected a sampling rate for the pulse "${name}", got none: choose one that has time stamps`,
    );
  }
  const count = Math.min(sampleCount, Math.floor(MOST_VALUES / width));
  const step = Math.max(1, Math.floor(BLOCK_VALUES / width));
  const pulse = new Float32Array(count);
  let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let start = 0; start < count; start += step) {
    const end = Math.min(count, start + step);
    const values = await file.readSlice(path, start, end);
    for (let i = start; i < end; i++) {
      const value = values[(i - start) * width + column];
      pulse[i] = value;
      if (value < lowest) lowest = value;
      if (value > highest) highest = value;
    }
  }
  const fallen = lowest + FALLEN * (highest - lowest);
  const risen = lowest + RISEN * (highest - lowest);
  const edgesS: number[] = [];
  let isLow = false;
  for (let i = 0; i < count; i++) {
    // NaN, in gaps, is neither.
    if (pulse[i] <= fallen) isLow = true;
    else if (isLow && pulse[i] >= risen) {
      edgesS.push(startS + i / rateHz);
      isLow = false;
    }
  }
  if (highest > lowest && edgesS.length > 0) return edgesS;
  throw new Error(
    `[align] expected a pulse that rises in "${name}", got none in its first ${count} samples: ` +
      'choose the series that holds the sync pulse, or give the times of events',
  );
}

function find({ series }: OpenFile, name: string) {
  const all = series.flatMap(({ path, columns }) =>
    columns.map((title, column) => ({ path, title, column, width: columns.length })),
  );
  const exact = all.filter(
    ({ path, title, width }) => name === `${path}: ${title}` || (name === path && width === 1),
  );
  const found = exact.length > 0 ? exact : all.filter(({ title }) => title === name);
  if (found.length === 1) return found[0];
  const known = all.slice(0, 20).map(({ path, title }) => `"${path}: ${title}"`);
  throw new Error(
    `[align] expected the name of one column, got "${name}", which ${found.length} of them have: ` +
      `choose one of ${known.join(', ')}`,
  );
}
