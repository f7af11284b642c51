// Reducing broadband on the device against the float64 form on the processor: for any chunking, through gaps, and
// on offsets far larger than the signal.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gaussian } from '../base/rng';
import { extractSession } from '../data/extractStream';
import {
  cpuDecimator,
  type Decimator,
  designDecimator,
  type MakeDecimator,
} from '../data/formats/decimator';
import { openRecording } from '../data/formats/recording';
import { gridInMemory, reducedBy } from '../data/formats/sampleGrid';
import type { Signal } from '../data/session';
import { testDevice } from '../gpu/testDevice';
import { createGpuDecimator } from './gpuDecimator';

/** Of the largest value behind the filter, its offset left out. */
const TOLERANCE = 1e-4;

async function reduced(decimator: Decimator, data: Float32Array, sizes: readonly number[]) {
  const parts: Float32Array[] = [];
  let start = 0;
  for (let k = 0; start < data.length; k++) {
    const end = Math.min(data.length, start + sizes[k % sizes.length]);
    parts.push(await decimator.push(data.subarray(start, end)));
    start = end;
  }
  parts.push(await decimator.finish());
  decimator.close();
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

function broadband(seconds: number, rateHz: number, width: number, offset: number): Float32Array {
  return Float32Array.from({ length: Math.round(seconds * rateHz) * width }, (_, i) => {
    const [sample, c] = [Math.floor(i / width), i % width];
    const turn = (2 * Math.PI * sample) / rateHz;
    const slow =
      100 * Math.sin(0.3 * turn + c) + 20 * Math.sin(50 * turn) + 10 * Math.sin(300 * turn);
    return offset * (c + 1) + slow + 40 * gaussian(1, 1, c, sample);
  });
}

/** The largest difference over the largest value, both less each channel's own mean; missing where missing. */
function worstOf(got: Float32Array, wanted: Float32Array, width: number): number {
  expect(got.length).toBe(wanted.length);
  let worst = 0;
  let largest = 0;
  for (let c = 0; c < width; c++) {
    const own = wanted.filter((value, i) => i % width === c && !Number.isNaN(value));
    const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
    for (let i = c; i < wanted.length; i += width) {
      expect(Number.isNaN(got[i])).toBe(Number.isNaN(wanted[i]));
      if (Number.isNaN(wanted[i])) continue;
      worst = Math.max(worst, Math.abs(got[i] - wanted[i]));
      largest = Math.max(largest, Math.abs(wanted[i] - mean));
    }
  }
  return worst / largest;
}

test('an import is the same frames, and says where its broadband was reduced', async () => {
  const gpu = await testDevice();
  const [rateHz, width] = [24_000, 4];
  const data = broadband(8, rateHz, width, 200);
  data.fill(Number.NaN, width * 100_000, width * 110_000);
  const names = ['a', 'b', 'c', 'd'];
  const signal: Signal = {
    rateHz,
    startS: 0,
    sampleCount: data.length / width,
    names,
    units: names.map(() => 'uV'),
    data,
  };
  const file = openRecording({
    format: 'nwb',
    fileName: 'made.nwb',
    name: 'made',
    sources: [
      {
        info: {
          path: 'lfp',
          name: 'lfp',
          kind: 'lfp',
          shape: [signal.sampleCount, width],
          rateHz,
          unit: 'uV',
          columns: names,
        },
        open: async () => gridInMemory(signal),
      },
    ],
    warnings: [],
  });
  const run = (makeDecimator: MakeDecimator) =>
    extractSession(
      { ...file, sources: file.sources.map((source) => reducedBy(source, makeDecimator)) },
      { version: 1, lfp: { path: 'lfp' }, behaviour: [] },
      { frontEnd: { kind: 'realtime', notchHz: 50 }, blockValues: 4 * 7777 },
    );
  const wanted = await run(cpuDecimator);
  const got = await run((design) => createGpuDecimator(gpu, design));
  expect(worstOf(got.session.lfp.data, wanted.session.lfp.data, width)).toBeLessThan(TOLERANCE);
  expect(got.session.lfp.gaps).toEqual(wanted.session.lfp.gaps);
  expect(got.session.lfp.gaps?.length).toBe(1);
  expect(got.frontEnd).toEqual({ ...wanted.frontEnd, reducedOn: gpu.adapterName });
});

describe('on the device', () => {
  test.each([
    { rateHz: 24414.0625, factor: 24, width: 96, offset: 0, seconds: 1.5 },
    { rateHz: 24414.0625, factor: 24, width: 5, offset: 1000, seconds: 6 },
    { rateHz: 30_000, factor: 30, width: 17, offset: -300, seconds: 3 },
    { rateHz: 6000, factor: 6, width: 3, offset: 50, seconds: 15 },
  ])('$rateHz Hz, $width channels, offset $offset', async ({ seconds, offset, ...design }) => {
    const gpu = await testDevice();
    const made = designDecimator(design.rateHz, design.factor, design.width);
    const data = broadband(seconds, design.rateHz, design.width, offset);
    const wanted = await reduced(await cpuDecimator(made), data, [data.length]);
    let worst = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 4 }),
        async (sizes) => {
          const chunks = [...sizes, 20_000].map((size) => size * design.width);
          const got = await reduced(await createGpuDecimator(gpu, made), data, chunks);
          worst = Math.max(worst, worstOf(got, wanted, design.width));
          expect(worst).toBeLessThan(TOLERANCE);
        },
      ),
      { numRuns: 3 },
    );
    console.log(`${design.rateHz} Hz: at most ${worst.toExponential(1)} of the largest value`);
  });

  test('missing samples are the same ones', async () => {
    const gpu = await testDevice();
    const design = designDecimator(24_000, 24, 4);
    const data = broadband(3, 24_000, 4, 10);
    data.fill(Number.NaN, 4 * 20_000, 4 * 31_111);
    for (let i = 1; i < data.length; i += 4 * 7) data[i] = Number.NaN;
    data.fill(Number.NaN, 0, 4 * 100);
    const wanted = await reduced(await cpuDecimator(design), data, [data.length]);
    const got = await reduced(await createGpuDecimator(gpu, design), data, [4 * 9999]);
    expect(worstOf(got, wanted, 4)).toBeLessThan(TOLERANCE);
    expect(got.filter(Number.isNaN).length).toBeGreaterThan(1000);
  });

  test('another corner is seen (control)', async () => {
    const gpu = await testDevice();
    const data = broadband(1, 24_000, 4, 0);
    const wanted = await reduced(await cpuDecimator(designDecimator(24_000, 24, 4)), data, [
      data.length,
    ]);
    const design = {
      ...designDecimator(24_000, 24, 4),
      sections: designDecimator(24_000, 25, 4).sections,
    };
    const got = await reduced(await createGpuDecimator(gpu, design), data, [data.length]);
    expect(worstOf(got, wanted, 4)).toBeGreaterThan(100 * TOLERANCE);
  });
});
