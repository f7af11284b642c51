/** Time-stamped packets of an acquisition system put on one grid: pauses become gaps, clock resets too. */
import { counted } from '../../base/counted';
import type { FileRun } from './fileRuns';

export interface Packet {
  /** Time of its first sample on the acquisition clock. */
  readonly timeS: number;
  readonly sampleCount: number;
  readonly byteOffset: number;
}

export interface PlacedRuns {
  readonly runs: FileRun[];
  readonly rateHz: number;
  readonly startS: number;
  readonly warnings: string[];
}

/** How long the recording stood still at a clock reset is unknown; this much is left open. */
const RESET_GAP_S = 1;
/** The grid may be this many times as long as the samples in the file. */
const MAX_STRETCH = 20;
/** Up to this length it may be, however little was recorded. */
const FREE_SAMPLES = 1e5;
const MIN_MEASURED_PACKETS = 10;

/**
 * Packets follow one another where their times agree to half a sample. Time zero is that of the clock
 * after its last reset.
 * @throws when the pauses are absurdly long
 */
export function placeRuns(
  packets: readonly Packet[],
  nominalRateHz: number,
  fileName: string,
): PlacedRuns {
  const rateHz = measuredRateHz(packets, nominalRateHz);
  const runs: FileRun[] = [];
  let recorded = 0;
  let end = 0;
  let startS = packets[0]?.timeS ?? 0;
  let pauses = 0;
  let resets = 0;
  packets.forEach(({ timeS, sampleCount, byteOffset }, i) => {
    const missing = i === 0 ? 0 : missingSamples(packets[i - 1], timeS, rateHz);
    let startSample = end;
    if (missing >= 0.5) {
      startSample += Math.max(1, Math.round(missing));
      pauses += 1;
    } else if (missing <= -0.5) {
      startSample += Math.max(1, Math.round(RESET_GAP_S * rateHz));
      startS = timeS - startSample / rateHz;
      resets += 1;
    }
    runs.push({ startSample, sampleCount, byteOffset });
    end = startSample + sampleCount;
    recorded += sampleCount;
  });
  if (end > Math.max(MAX_STRETCH * recorded, FREE_SAMPLES)) {
    throw new Error(
      `[gaps] expected a mostly continuous recording in "${fileName}", got ${recorded} samples spread over ` +
        `${(end / rateHz).toFixed(1)} s: cut it at its pauses, or copy it again if it is damaged`,
    );
  }
  const warnings: string[] = [];
  if (pauses > 0) {
    const lostS = (end - recorded) / rateHz;
    warnings.push(
      `The recording has ${counted(pauses, 'pause')}, ${lostS.toFixed(3)} s in all; nothing is filled in.`,
    );
  }
  if (resets > 0) {
    warnings.push(
      `The clock was reset ${counted(resets, 'time')}; times are those after the last reset, and ${RESET_GAP_S} s is ` +
        'left open at each reset because its real length is unknown.',
    );
  }
  return { runs, rateHz, startS, warnings };
}

function missingSamples(previous: Packet, timeS: number, rateHz: number): number {
  return (timeS - previous.timeS) * rateHz - previous.sampleCount;
}

/** The clock's true rate where enough packets tell; a nominal one drifts by parts per million. */
function measuredRateHz(packets: readonly Packet[], nominalRateHz: number): number {
  let samples = 0;
  let seconds = 0;
  let count = 0;
  for (let i = 1; i < packets.length; i++) {
    if (Math.abs(missingSamples(packets[i - 1], packets[i].timeS, nominalRateHz)) >= 0.5) continue;
    samples += packets[i - 1].sampleCount;
    seconds += packets[i].timeS - packets[i - 1].timeS;
    count += 1;
  }
  const rateHz = samples / seconds;
  const isBelievable = Math.abs(rateHz / nominalRateHz - 1) < 1e-3;
  return count >= MIN_MEASURED_PACKETS && isBelievable ? rateHz : nominalRateHz;
}
