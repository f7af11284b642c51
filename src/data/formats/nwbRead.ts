/** Reads slices of one NWB series in physical units. */
import type * as H5 from 'h5wasm';
import { numberAttribute, readNumbers } from './hdf5';
import { child, clockOf, isDataset, type NwbSeries } from './nwbSeries';
import type { SampleGrid } from './sampleGrid';
import { gapsBetweenSlots, type RegularClock, recordedWithin } from './timestamps';

/**
 * Values are `data * conversion * channel_conversion + offset`; volts become microvolts. Pauses between
 * time stamps are gaps.
 * @throws when the series has no clock
 */
export function openGrid(series: NwbSeries, statedRateHz?: number): SampleGrid {
  const clock: RegularClock =
    statedRateHz === undefined
      ? clockOf(series)
      : { rateHz: statedRateHz, startS: 0, sampleCount: series.sampleCount };
  const scaling = scalingOf(series);
  const width = series.columnCount;
  return {
    rateHz: clock.rateHz,
    startS: clock.startS,
    sampleCount: clock.sampleCount,
    gaps: gapsBetweenSlots(clock),
    units: new Array<string>(width).fill(scaling.unit),
    chunkSamples: series.data.metadata.chunks?.[series.timeAxis],
    async read(startSample, endSample) {
      const out = new Float32Array((endSample - startSample) * width);
      if (clock.slots) out.fill(Number.NaN);
      const { first, last } = recordedWithin(clock, startSample, endSample);
      const raw = readRecorded(series, first, last);
      const count = last - first;
      const [step, columnStep] = series.timeAxis === 0 ? [width, 1] : [1, count];
      for (let i = 0; i < count; i++) {
        const slot = (clock.slots ? clock.slots[first + i] : first + i) - startSample;
        for (let c = 0, at = i * step, o = slot * width; c < width; c++, at += columnStep, o++) {
          out[o] = raw[at] * scaling.gain[c] + scaling.offset;
        }
      }
      return out;
    },
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

/** Recorded samples `[first, last)` as they lie on disk. */
function readRecorded(series: NwbSeries, first: number, last: number): ArrayLike<number> {
  const { data, timeAxis, columnCount, path } = series;
  if (first === last) return [];
  const ranges: [number, number][] = [[first, last]];
  if (data.shape?.length === 2) ranges.splice(1 - timeAxis, 0, [0, columnCount]);
  const raw = numbersOf(sliceOrEmpty(data, ranges));
  const count = (last - first) * columnCount;
  if (raw.length !== count) {
    throw new Error(
      `[nwb] expected ${count} values from ${path}, got ${raw.length}: ` +
        `the file is cut short, or its compression (${series.compression ?? 'none'}) is not built in; ` +
        'rewrite it with gzip, for example by h5repack -f GZIP=4',
    );
  }
  return raw;
}

/** 64-bit integers come as big ones, which do not mix with others. */
function numbersOf(raw: ArrayLike<number | bigint>): ArrayLike<number> {
  const isBig = raw instanceof BigInt64Array || raw instanceof BigUint64Array;
  return isBig ? Float64Array.from(raw, Number) : (raw as ArrayLike<number>);
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
