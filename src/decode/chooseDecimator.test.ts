// The faster device reduces broadband, unless one is asked for; a GPU that cannot be had is no failure.

import { expect, test } from 'vitest';
import { cpuDecimator, type Decimator, designDecimator } from '../data/formats/decimator';
import { chooseDecimator, type DecimatorChoice, type FrontEndDevice } from './chooseDecimator';

const DESIGN = designDecimator(24_000, 24, 4);

/** Devices that take the stated time for a block on a clock of their own; the first block takes a second. */
function slowed(ms: Readonly<Record<FrontEndDevice, number | Error>>) {
  let clockMs = 0;
  let open = 0;
  const make = (device: FrontEndDevice) => (): Decimator => {
    const cost = ms[device];
    if (cost instanceof Error) throw cost;
    open += 1;
    let isFirst = true;
    return {
      adapter: device,
      async push() {
        clockMs += isFirst ? 1000 : cost;
        isFirst = false;
        return new Float32Array(0);
      },
      finish: async () => new Float32Array(0),
      close: () => {
        open -= 1;
      },
    };
  };
  return { create: { gpu: make('gpu'), cpu: make('cpu') }, now: () => clockMs, open: () => open };
}

const NO_GPU = new Error('[gpu] no adapter');
/** Samples in a measured block, 32,768 in whole steps of 24. */
const BLOCK_S = (24 * Math.floor(32_768 / 24)) / 24_000;

test.each<[FrontEndDevice | 'auto', number | Error, number, FrontEndDevice, FrontEndDevice[]]>([
  ['auto', 10, 40, 'gpu', ['gpu', 'cpu']],
  ['auto', 40, 10, 'cpu', ['gpu', 'cpu']],
  ['auto', NO_GPU, 10, 'cpu', ['cpu']],
  ['gpu', 40, 10, 'gpu', ['gpu']],
  ['cpu', 10, 40, 'cpu', ['cpu']],
])('asked for %s, gpu %s, cpu %s: %s', async (preference, gpu, cpu, taken, measured) => {
  const { create, now, open } = slowed({ gpu, cpu });
  let choice: DecimatorChoice | undefined;
  const decimator = await chooseDecimator({
    create,
    preference,
    now,
    onChoice: (one) => {
      choice = one;
    },
  })(DESIGN);
  expect(decimator.adapter).toBe(taken);
  expect(choice?.device).toBe(taken);
  expect(Object.keys(choice?.timesRealTime ?? {})).toEqual(measured);
  for (const device of measured) {
    const ms = device === 'gpu' ? (gpu as number) : cpu;
    expect(choice?.timesRealTime[device]).toBeCloseTo(BLOCK_S / (ms / 1000), 6);
  }
  expect(choice?.faults).toEqual(gpu instanceof Error ? { gpu: NO_GPU } : {});
  // Only the one that is taken stays open.
  expect(open()).toBe(1);
});

test('a device that is asked for and cannot be had is an error', async () => {
  const { create, now } = slowed({ gpu: NO_GPU, cpu: 1 });
  const make = chooseDecimator({ create, preference: 'gpu', now, onChoice: () => {} });
  await expect(make(DESIGN)).rejects.toThrow('[gpu] no adapter');
});

test('the one that is taken starts anew', async () => {
  const data = Float32Array.from({ length: 4 * 4800 }, (_, i) => Math.sin(i / 50));
  const make = chooseDecimator({
    create: { gpu: cpuDecimator, cpu: cpuDecimator },
    preference: 'auto',
    onChoice: () => {},
  });
  const [got, wanted] = [await make(DESIGN), cpuDecimator(DESIGN)];
  expect(await got.push(data)).toEqual(await wanted.push(data));
});
