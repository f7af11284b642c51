/** Browses the variables of a MATLAB file for arrays that can be series, with the clocks beside them. */
import {
  type ArrayClue,
  longest,
  MIN_SERIES_SAMPLES,
  seriesOfArray,
  timeAxisOf,
} from './arraySeries';
import { knownLayout } from './matLayouts';
import { countOf, type MatNumeric, type MatValue, scalarOf, squeezed, textsOf } from './matValue';
import type { SeriesSource } from './sampleGrid';
import { isRateName, isTimeName } from './seriesKinds';

const MAX_DEPTH = 8;
/** Cells and structure arrays with more elements than this are tables of trials, not folders. */
const MAX_ELEMENTS = 64;
const MAX_SERIES = 1000;

export interface MatSeries {
  sources: SeriesSource[];
  warnings: string[];
}

type Named = ReadonlyMap<string, MatValue>;

/** Series of a known layout if the file has one; otherwise every vector and matrix that is long enough. */
export async function matSeries(variables: Named, fileName: string): Promise<MatSeries> {
  const known = await knownLayout(variables);
  if (known) return known;
  const clues: ArrayClue[] = [];
  const others: string[] = [];
  await browse(variables, '', undefined, 0, clues, others);
  if (clues.length === 0) {
    throw new Error(
      `[mat] expected an array of at least ${MIN_SERIES_SAMPLES} samples in "${fileName}", got ` +
        `${describe(variables, others)}: choose the file that holds the signals`,
    );
  }
  const sources: SeriesSource[] = [];
  for (const clue of clues.slice(0, MAX_SERIES)) sources.push(await seriesOfArray(clue));
  const warnings = others.length > 0 ? [`Not read: ${others.slice(0, 5).join(', ')}.`] : [];
  if (clues.length > MAX_SERIES) warnings.push(`Only the first ${MAX_SERIES} arrays are listed.`);
  return { sources, warnings };
}

async function browse(
  values: Named,
  prefix: string,
  outerRateHz: number | undefined,
  depth: number,
  clues: ArrayClue[],
  others: string[],
): Promise<void> {
  if (depth > MAX_DEPTH || clues.length > MAX_SERIES) return;
  const entries = [...values];
  const times: MatNumeric[] = [];
  let rateHz = outerRateHz;
  for (const [name, value] of entries) {
    if (isRateName(name)) rateHz = positive(await scalarOf(value)) ?? rateHz;
    if (isTimeName(name) && value.kind === 'numeric' && value.array) times.push(value);
  }
  for (const [name, value] of entries) {
    const path = prefix + name;
    if (value.kind === 'other') others.push(`${path} (${value.what})`);
    const isClock = times.some((one) => one === value) && entries.length > times.length;
    if (
      value.kind === 'numeric' &&
      value.array &&
      !isClock &&
      longest(value.dims) >= MIN_SERIES_SAMPLES
    ) {
      const { dims } = value.array;
      const time = times.find((one) => one !== value && dims.includes(countOf(one.dims)))?.array;
      const stampCount = time && longest(time.dims);
      const columnCount = dims.length === 1 ? 1 : dims[1 - timeAxisOf(dims, stampCount)];
      clues.push({
        path,
        array: value.array,
        time,
        rateHz: time ? undefined : rateHz,
        columns: labelsFor(name, columnCount, values),
      });
    }
    const inner = childrenOf(value);
    for (const [at, child] of inner) {
      await browse(child, `${path}${at}`, rateHz, depth + 1, clues, others);
    }
  }
}

/** Fields of structures and items of cells, as folders of their own. */
function childrenOf(value: MatValue): [at: string, values: Named][] {
  if (value.kind !== 'struct' && value.kind !== 'cell') return [];
  const count = countOf(value.dims);
  if (count > MAX_ELEMENTS) return [];
  if (value.kind === 'cell') {
    const items = Array.from({ length: count }, (_, i): [string, MatValue] => [
      `${i + 1}}`,
      value.item(i),
    ]);
    return [['{', new Map(items)]];
  }
  return Array.from({ length: count }, (_, i): [string, Named] => [
    count === 1 ? '.' : `(${i + 1}).`,
    new Map(value.fields.map((field) => [field, value.get(i, field)])),
  ]);
}

/** Texts beside an array, as many as its columns, whose name begins alike or speaks of channels. */
function labelsFor(name: string, columnCount: number, values: Named): string[] | undefined {
  for (const [other, value] of values) {
    const isLabel = /label|name|guide|chan/i.test(other);
    const isAlike = other.slice(0, 3).toLowerCase() === name.slice(0, 3).toLowerCase();
    if (!isLabel || !(isAlike || /chan|^labels?$/i.test(other)) || columnCount < 2) continue;
    const texts = value.kind === 'cell' && countOf(value.dims) === columnCount && textsOf(value);
    if (texts) return texts;
  }
  return undefined;
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}

function describe(variables: Named, others: readonly string[]): string {
  const shapes = [...variables].map(([name, value]) =>
    value.kind === 'numeric'
      ? `${name} (${squeezed(value.dims).join(' x ') || 1})`
      : `${name} (${value.kind})`,
  );
  return [...shapes, ...others].slice(0, 10).join(', ') || 'no variables';
}
