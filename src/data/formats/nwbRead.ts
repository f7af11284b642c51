/** Reads slices of one NWB series in physical units. */
import { clockOf, type NwbSeries } from './nwbSeries';
import type { SampleGrid } from './sampleGrid';
import { gapsBetweenSlots, type RegularClock, recordedWithin } from './timestamps';
import { isArray, numberAttribute, type TreeRange } from './tree';

/**
 * Values are `data * conversion * channel_conversion + offset`; volts become microvolts. Pauses between
 * time stamps are gaps.
 * @throws when the series has no clock
 */
export async function openGrid(series: NwbSeries, statedRateHz?: number): Promise<SampleGrid> {
  const clock: RegularClock =
    statedRateHz === undefined
      ? await clockOf(series)
      : { rateHz: statedRateHz, startS: 0, sampleCount: series.sampleCount };
  const scaling = await scalingOf(series);
  const width = series.columnCount;
  return {
    rateHz: clock.rateHz,
    startS: clock.startS,
    sampleCount: clock.sampleCount,
    gaps: gapsBetweenSlots(clock),
    units: new Array<string>(width).fill(scaling.unit),
    chunkSamples: series.data.chunk?.[series.timeAxis],
    async read(startSample, endSample) {
      const out = new Float32Array((endSample - startSample) * width);
      if (clock.slots) out.fill(Number.NaN);
      const { first, last } = recordedWithin(clock, startSample, endSample);
      const raw = await readRecorded(series, first, last);
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

async function scalingOf({ group, data, unit, columnCount }: NwbSeries) {
  const isVolts = /^v(olts?)?$/i.test(unit);
  const unitGain = isVolts ? 1e6 : 1;
  const conversion = (numberAttribute(data, 'conversion') ?? 1) * unitGain;
  const perChannel = group.get('channel_conversion');
  const gains = isArray(perChannel) ? await perChannel.read() : [];
  return {
    gain: Float64Array.from({ length: columnCount }, (_, c) => conversion * (gains[c] ?? 1)),
    offset: (numberAttribute(data, 'offset') ?? 0) * unitGain,
    unit: isVolts ? 'uV' : unit,
  };
}

/** Recorded samples `[first, last)` as they lie on disk. */
async function readRecorded(
  series: NwbSeries,
  first: number,
  last: number,
): Promise<ArrayLike<number>> {
  const { data, timeAxis, columnCount, path } = series;
  if (first === last) return [];
  const ranges: TreeRange[] = [[first, last]];
  if (data.shape.length === 2) ranges.splice(1 - timeAxis, 0, [0, columnCount]);
  // A library throws texts and numbers of its own for damaged blocks; a sentence says what happened.
  const raw = await data.read(ranges).catch((error: unknown): ArrayLike<number> => {
    if (error instanceof Error && /^\[[\w -]+\] expected /.test(error.message)) throw error;
    return [];
  });
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
