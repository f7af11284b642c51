/** Gaps of a recording on the frame clock: which frames rest on recorded samples, and the runs between gaps. */
import type { SampleRange, Signal } from './session';
import type { FrameRange } from './splits';

/** After a pause the filters still ring from the jump; frames this long after it are not trusted. */
export const SETTLE_S = 0.5;

/** Powers start from nothing, so the first frames of theirs are as little to be trusted as those after a pause. */
export function powerOnset(rateHz: number, frameRateHz: number): SampleRange {
  return { startSample: 0, endSample: Math.ceil((2 * rateHz) / frameRateHz) };
}

/**
 * The stated gaps and every stretch in which no column has a finite value, merged and in order.
 * @param used `[column]`, 0 for columns that do not count; absent: all count
 */
export function gapsOf(signal: Signal, used?: (column: number) => boolean): SampleRange[] {
  const { data, sampleCount } = signal;
  const columns = signal.names.map((_, c) => c).filter((c) => used?.(c) ?? true);
  const width = signal.names.length;
  const gaps: SampleRange[] = [...(signal.gaps ?? [])];
  let start = -1;
  for (let i = 0; i <= sampleCount; i++) {
    const isMissing =
      i < sampleCount && columns.every((c) => !Number.isFinite(data[i * width + c]));
    if (isMissing && start < 0) start = i;
    if (isMissing || start < 0) continue;
    gaps.push({ startSample: start, endSample: i });
    start = -1;
  }
  return mergedGaps(gaps);
}

/** Gaps in order; those that touch or overlap are one. */
export function mergedGaps(gaps: SampleRange[]): SampleRange[] {
  const whole: { startSample: number; endSample: number }[] = [];
  for (const gap of gaps.sort((a, b) => a.startSample - b.startSample)) {
    const last = whole[whole.length - 1];
    if (last && gap.startSample <= last.endSample) {
      last.endSample = Math.max(last.endSample, gap.endSample);
    } else {
      whole.push({ ...gap });
    }
  }
  return whole;
}

/**
 * `[frame]`, 1 where the frame rests on recorded samples. Frame m lies at m / frameRateHz after the first
 * sample and sees the samples since frame m - 1; filters that look ahead also spoil frames before a gap.
 * @returns undefined when there are no gaps
 */
export function frameValidity(
  gaps: readonly SampleRange[],
  rateHz: number,
  frameRateHz: number,
  frameCount: number,
  filters: { settleS: number; looksAhead: boolean },
): Uint8Array | undefined {
  if (gaps.length === 0) return undefined;
  const valid = new Uint8Array(frameCount).fill(1);
  const framesPerSample = frameRateHz / rateHz;
  for (const { startSample, endSample } of gaps) {
    // A dropout shorter than a frame makes no jump worth waiting for.
    const isLong = (endSample - startSample) * framesPerSample > 1;
    const settleFrames = isLong ? Math.ceil(filters.settleS * frameRateHz) : 0;
    const first =
      Math.ceil(startSample * framesPerSample) - (filters.looksAhead ? settleFrames : 0);
    // The first recorded sample after the gap may share its frame with missing ones.
    const end = Math.ceil((endSample - 1) * framesPerSample) + 1 + settleFrames;
    valid.fill(0, Math.max(0, first), Math.min(frameCount, end));
  }
  return valid;
}

/** The parts of a range in which every frame is valid, in order; the whole range where validity is unknown. */
export function validRuns(frameValid: Uint8Array | undefined, range: FrameRange): FrameRange[] {
  if (!frameValid) return [range];
  const runs: FrameRange[] = [];
  let start = -1;
  for (let frame = range.start; frame <= range.end; frame++) {
    const isValid = frame < range.end && frameValid[frame] === 1;
    if (isValid && start < 0) start = frame;
    if (isValid || start < 0) continue;
    runs.push({ start, end: frame });
    start = -1;
  }
  return runs;
}
