/** Reads one NWB series block by block into a signal, in physical units. */
import type * as H5 from 'h5wasm';
import { type Biquad, butterworth, filterInPlace } from '../frontEnd/biquad';
import type { Signal } from '../session';
import { numberAttribute, readNumbers } from './hdf5';
import { child, clockOf, isDataset, type NwbSeries } from './nwbSeries';

const BLOCK_VALUES = 2 ** 22;
/** Broadband above this rate is reduced to about 1 kHz while reading, so it never has to fit in memory. */
const BROADBAND_HZ = 5000;
const MAX_VALUES = 2 ** 29;

/**
 * Values are `data * conversion * channel_conversion + offset`; volts become microvolts. Pauses between
 * time stamps become NaN.
 * @throws when the series is too large or cannot be decompressed
 */
export function readSignal(series: NwbSeries): { signal: Signal; warnings: string[] } {
  const clock = clockOf(series);
  const factor = clock.rateHz > BROADBAND_HZ ? Math.floor(clock.rateHz / 1000) : 1;
  if (factor > 1 && clock.slots) {
    throw new Error(
      `[nwb] expected broadband without pauses in ${series.path}, got uneven time stamps: ` +
        'cut the recording at its pauses',
    );
  }
  const sampleCount = Math.ceil(clock.sampleCount / factor);
  const width = series.columnCount;
  if (sampleCount * width > MAX_VALUES) {
    throw new Error(
      `[nwb] expected at most ${MAX_VALUES} values, got ${sampleCount} x ${width} in ${series.path}: ` +
        'cut the recording into parts',
    );
  }
  const data = new Float32Array(sampleCount * width);
  if (clock.slots) data.fill(Number.NaN);
  const scaling = scalingOf(series);
  const decimator = factor > 1 ? createDecimator(clock.rateHz, factor, width, data) : undefined;
  forEachBlock(series, (block, firstSample, count) => {
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < width; c++) {
        block[i * width + c] = block[i * width + c] * scaling.gain[c] + scaling.offset;
      }
    }
    if (decimator) {
      decimator(block, firstSample, count);
      return;
    }
    for (let i = 0; i < count; i++) {
      const slot = clock.slots ? clock.slots[firstSample + i] : firstSample + i;
      for (let c = 0; c < width; c++) data[slot * width + c] = block[i * width + c];
    }
  });
  const rateHz = clock.rateHz / factor;
  const warnings: string[] = [];
  if (factor > 1) {
    warnings.push(
      `${series.name}: broadband of ${clock.rateHz.toFixed(0)} Hz is reduced to ${rateHz.toFixed(1)} Hz ` +
        'by a causal low-pass on reading.',
    );
  }
  return {
    signal: {
      rateHz,
      startS: clock.startS,
      sampleCount,
      names: series.columns,
      units: new Array<string>(width).fill(scaling.unit),
      data,
    },
    warnings,
  };
}

function scalingOf({ group, data, unit, columnCount }: NwbSeries) {
  const isVolts = /^v(olts?)?$/i.test(unit);
  const unitGain = isVolts ? 1e6 : 1;
  const conversion = (numberAttribute(data, 'conversion') ?? 1) * unitGain;
  const perChannel = child(group, 'channel_conversion');
  const gains = isDataset(perChannel) ? readNumbers(perChannel) : new Float64Array(0);
  return {
    gain: Float64Array.from({ length: columnCount }, (_, c) => conversion * (gains[c] ?? 1)),
    offset: (numberAttribute(data, 'offset') ?? 0) * unitGain,
    unit: isVolts ? 'uV' : unit,
  };
}

/** Calls `use` with consecutive blocks `[count, column]`, whatever the orientation on disk. */
function forEachBlock(
  series: NwbSeries,
  use: (block: Float64Array, firstSample: number, count: number) => void,
) {
  const { data, sampleCount, columnCount, timeAxis } = series;
  const chunkSamples = data.metadata.chunks?.[timeAxis] ?? 1;
  // Whole chunks per block: a chunk cut in two would be decompressed twice.
  const blockSamples =
    Math.max(1, Math.floor(BLOCK_VALUES / columnCount / chunkSamples)) * chunkSamples;
  for (let start = 0; start < sampleCount; start += blockSamples) {
    const count = Math.min(blockSamples, sampleCount - start);
    const raw = readBlock(series, start, start + count);
    if (raw.length !== count * columnCount) {
      throw new Error(
        `[nwb] expected ${count * columnCount} values from ${series.path}, got ${raw.length}: ` +
          'the file is cut short or uses a compression that is not built in (gzip is); rewrite it with gzip',
      );
    }
    const block = new Float64Array(count * columnCount);
    for (let i = 0; i < count; i++) {
      for (let c = 0; c < columnCount; c++) {
        const source = timeAxis === 0 ? i * columnCount + c : c * count + i;
        block[i * columnCount + c] = Number(raw[source]);
      }
    }
    use(block, start, count);
  }
}

function readBlock(series: NwbSeries, start: number, end: number): ArrayLike<number | bigint> {
  const { data, timeAxis } = series;
  const ranges: [number, number][] = [[start, end]];
  if (data.shape?.length === 2) ranges.splice(1 - timeAxis, 0, [0, series.columnCount]);
  return sliceOrEmpty(data, ranges);
}

/** h5wasm throws strings and numbers of its own for damaged chunks; the caller says it in one sentence. */
function sliceOrEmpty(data: H5.Dataset, ranges: [number, number][]): ArrayLike<number | bigint> {
  try {
    const values = data.slice(ranges);
    return ArrayBuffer.isView(values) ? (values as unknown as ArrayLike<number>) : [];
  } catch {
    return [];
  }
}

/** Causal 8th-order low-pass at 0.4 of the new rate, then every factor-th sample. */
function createDecimator(rateHz: number, factor: number, width: number, out: Float32Array) {
  const sections: Biquad[] = butterworth('lowpass', 8, (0.4 * rateHz) / factor, rateHz);
  const state = new Float64Array(width * sections.length * 2);
  return (block: Float64Array, firstSample: number, count: number) => {
    const column = new Float64Array(count);
    const firstKept = Math.ceil(firstSample / factor) * factor - firstSample;
    for (let c = 0; c < width; c++) {
      for (let i = 0; i < count; i++) column[i] = block[i * width + c];
      sections.forEach((section, s) => {
        filterInPlace(section, column, count, state, (c * sections.length + s) * 2);
      });
      for (let i = firstKept; i < count; i += factor) {
        out[((firstSample + i) / factor) * width + c] = column[i];
      }
    }
  };
}
