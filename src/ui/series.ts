// The high-rate series that charts draw; kept out of the stores, which hold no growing array.

import { RingBuffer } from '../base/ringBuffer';
import type { Stage } from '../train/events';
import type { DecodedFrames, DecodeLayout } from '../worker/decodingApi';
import type { RunProgress } from '../worker/trainingApi';
import { createPulse } from './pulse';

/** At ten reports a second, half an hour at full detail and then the most recent half hour. */
const CURVE_ROWS = 20_000;
export const DECODE_WINDOW_S = 10;

interface Curve {
  names: string[];
  /** `[step, ...names]` */
  ring: RingBuffer;
}

interface StageCurves {
  losses?: Curve;
  heldOut?: Curve;
}

export const curves: Record<Stage, StageCurves> = { teacher: {}, student: {}, finetune: {} };
export const curvePulse = createPulse();

export function clearCurves(stage: Stage): void {
  curves[stage] = {};
  curvePulse.emit();
}

export function appendProgress({ stage, records, validations }: RunProgress): void {
  const target = curves[stage];
  for (const { step, values } of records) target.losses = append(target.losses, step, values);
  for (const { step, values } of validations) target.heldOut = append(target.heldOut, step, values);
  curvePulse.emit();
}

function append(
  curve: Curve | undefined,
  step: number,
  values: Readonly<Record<string, number>>,
): Curve {
  const names = Object.keys(values);
  const isSame = curve?.names.join() === names.join();
  const target = isSame ? curve! : { names, ring: new RingBuffer(1 + names.length, CURVE_ROWS) };
  const steps = target.ring.column(0);
  // A resumed or repeated run reports a step again; the axis must only grow.
  if (steps.length === 0 || steps[steps.length - 1] < step) {
    target.ring.push([step, ...names.map((name) => values[name])]);
  }
  return target;
}

interface DecodeSeries {
  layout: DecodeLayout;
  /** `[timeS, ...lfp, ...truth, ...decoded]` */
  ring: RingBuffer;
}

export const decodeSeries: { current?: DecodeSeries } = {};
export const decodePulse = createPulse();

export function openDecodeSeries(layout: DecodeLayout): void {
  const width = 1 + layout.lfpNames.length + 2 * layout.behaviourNames.length;
  const rows = Math.ceil(DECODE_WINDOW_S * layout.frameRateHz);
  decodeSeries.current = { layout, ring: new RingBuffer(width, rows) };
  decodePulse.emit();
}

export function appendDecoded(frames: DecodedFrames): void {
  if (!decodeSeries.current) return;
  const { layout, ring } = decodeSeries.current;
  const lfpCount = layout.lfpNames.length;
  const outputCount = layout.behaviourNames.length;
  for (let i = 0; i < frames.count; i++) {
    const timeS = (frames.firstFrame + i) / layout.frameRateHz;
    const times = ring.column(0);
    // A loop starts over: the strip must not run backwards in time.
    if (times.length > 0 && timeS <= times[times.length - 1]) ring.clear();
    ring.push([
      timeS,
      ...frames.lfp.subarray(i * lfpCount, (i + 1) * lfpCount),
      ...frames.truth.subarray(i * outputCount, (i + 1) * outputCount),
      ...frames.decoded.subarray(i * outputCount, (i + 1) * outputCount),
    ]);
  }
}
