// Measures the reduction of broadband on the processor and on the GPU, and takes the faster one.

import { PURPOSE, uniform } from '../base/rng';
import type { Decimator, DecimatorDesign, MakeDecimator } from '../data/formats/decimator';
import { keptPerDispatch } from './gpuDecimator';

export type FrontEndDevice = 'gpu' | 'cpu';

export const FRONT_END_DEVICES: readonly FrontEndDevice[] = ['gpu', 'cpu'];

type ByDevice<T> = Readonly<Partial<Record<FrontEndDevice, T>>>;

export interface DecimatorChoice {
  readonly device: FrontEndDevice;
  /** Seconds of recording per second of work, of the reduction alone. */
  readonly timesRealTime: ByDevice<number>;
  /** Of devices that could not be had. */
  readonly faults: ByDevice<Error>;
}

export interface ChooseDecimatorOptions {
  /** Called only for devices that may be chosen. */
  readonly create: Readonly<Record<FrontEndDevice, MakeDecimator>>;
  readonly preference: FrontEndDevice | 'auto';
  readonly onChoice: (choice: DecimatorChoice) => void;
  readonly now?: () => number;
}

/** The fastest of so many counts; compilers and drivers work on the first one. */
const TURNS = 4;

/**
 * A maker that measures when it is called, on noise of the design's shape.
 * @throws the fault of the wanted device; with 'auto' that of the processor, only if there is none at all
 */
export function chooseDecimator(options: ChooseDecimatorOptions): MakeDecimator {
  const { create, preference, onChoice, now = () => performance.now() } = options;
  return async (design) => {
    const wanted = FRONT_END_DEVICES.filter((one) => preference === 'auto' || one === preference);
    const faults: Partial<Record<FrontEndDevice, Error>> = {};
    const made: [FrontEndDevice, Decimator][] = [];
    for (const device of wanted) {
      try {
        made.push([device, await create[device](design)]);
      } catch (error) {
        faults[device] = error as Error;
      }
    }
    if (made.length === 0) throw faults[preference === 'auto' ? 'cpu' : preference];
    const timesRealTime = await measure(made, design, now);
    const speed = (device: FrontEndDevice) => timesRealTime[device] as number;
    const [device] = made.reduce((best, next) => (speed(next[0]) > speed(best[0]) ? next : best));
    onChoice({ device, timesRealTime, faults });
    // Those measured have heard noise.
    return create[device](design);
  };
}

/** The devices take turns, so that other work of the machine slows both alike. */
async function measure(
  made: readonly (readonly [FrontEndDevice, Decimator])[],
  { width, factor, rateHz }: DecimatorDesign,
  now: () => number,
): Promise<ByDevice<number>> {
  // A dispatch takes as long when it is not full.
  const sampleCount = keptPerDispatch(width, factor) * factor;
  const block = Float32Array.from(
    { length: sampleCount * width },
    (_, i) => uniform(1, PURPOSE.noise, 0, i) - 0.5,
  );
  const fastestMs: Partial<Record<FrontEndDevice, number>> = {};
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [device, decimator] of made) {
      const startedMs = now();
      await decimator.push(block);
      await decimator.finish();
      const ms = Math.max(1e-3, now() - startedMs);
      if (turn > 0) fastestMs[device] = Math.min(ms, fastestMs[device] ?? ms);
    }
  }
  for (const [, decimator] of made) decimator.close();
  const lengthS = sampleCount / rateHz;
  return Object.fromEntries(
    made.map(([device]) => [device, lengthS / ((fastestMs[device] as number) / 1000)]),
  );
}

/** One sentence for the person. */
export function choiceText({ device, timesRealTime, faults }: DecimatorChoice): string {
  const speeds = FRONT_END_DEVICES.flatMap((one) => {
    const times = timesRealTime[one];
    return times === undefined ? [] : [`${one} ${times.toFixed(1)} times real time`];
  });
  const reason = faults.gpu ? ` (no gpu: ${faults.gpu.message})` : '';
  return `Broadband is reduced on the ${device}: ${speeds.join(', ')}${reason}.`;
}
