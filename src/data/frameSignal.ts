/** What a front end makes of a recording, as the signal of a session: names, units, and NaN where frames are not valid. */
import { bandName, type PowerBand } from './frontEnd/bandPower';
import type { Reference } from './frontEnd/reference';
import type { SampleRange, Signal } from './session';

export function bandNames(powerBandsHz: readonly PowerBand[] = []): string[] {
  return ['raw', ...powerBandsHz.map(bandName)];
}

/**
 * @param like the raw signal; its channels give the names
 * @param frames `[frame, channel * bandCount + band]`, set to NaN where not valid
 * @param valid `[frame]`; absent: all are valid
 */
export function frameSignal(
  like: Signal,
  frames: Float32Array,
  rateHz: number,
  valid: Uint8Array | undefined,
  reference: Reference,
  powerBandsHz: readonly PowerBand[] = [],
): Signal {
  const columns = like.names.flatMap((_, channel) => {
    const name = reference.nameOf(channel, like.names);
    const unit = like.units[channel];
    const powers = powerBandsHz.map((band) => ({
      name: `${name} ${bandName(band)}`,
      unit: `ln ${unit}²`,
    }));
    return [{ name, unit }, ...powers];
  });
  const gaps = invalidRuns(valid);
  for (const { startSample, endSample } of gaps) {
    frames.fill(Number.NaN, startSample * columns.length, endSample * columns.length);
  }
  return {
    rateHz,
    startS: like.startS,
    sampleCount: frames.length / columns.length,
    names: columns.map(({ name }) => name),
    units: columns.map(({ unit }) => unit),
    data: frames,
    ...(gaps.length > 0 && { gaps }),
  };
}

function invalidRuns(valid: Uint8Array | undefined): SampleRange[] {
  const runs: { startSample: number; endSample: number }[] = [];
  valid?.forEach((isValid, frame) => {
    if (isValid === 1) return;
    const last = runs[runs.length - 1];
    if (last?.endSample === frame) last.endSample += 1;
    else runs.push({ startSample: frame, endSample: frame + 1 });
  });
  return runs;
}
