/** Band features cut into contiguous blocks: `features` (blocks, windows, channels, features), `finger`, `signed`. */
import type { Signal } from '../session';
import { columnNames, type FrameArrays, numbered } from './frameArrays';
import type { NpyArray } from './npy';

/** Windows are 100 ms every 50 ms unless the archive says otherwise. */
const DEFAULT_RATE_HZ = 20;
const FINGERS = ['thumb', 'index', 'middle', 'ring', 'little'];
/** Values are kept within this many robust deviations of the median. */
const CLIP_DEVIATIONS = 6;
/** Share of the frames that clip limits are taken from: inside every chronological training fold. */
const CLIP_FIT_SHARE = 0.6;

/**
 * Lines the blocks up in time, takes the logarithm of magnitudes (`signed` false) and clips artefacts.
 * @throws when shapes do not agree
 */
export function fromFeatureBlocks(
  arrays: ReadonlyMap<string, NpyArray>,
  fileName: string,
): FrameArrays {
  const features = arrays.get('features');
  const signed = arrays.get('signed');
  if (features?.shape.length !== 4 || signed?.shape[0] !== features.shape[3]) {
    throw new Error(
      `[npz] expected features (blocks, windows, channels, features) and signed (features) in "${fileName}", ` +
        `got (${features?.shape.join(', ')}) and (${signed?.shape.join(', ') ?? 'none'}): save both arrays so`,
    );
  }
  const [blocks, windows, channelCount, bandCount] = features.shape;
  const frameCount = blocks * windows;
  const data = Float32Array.from(features.data, (value, i) =>
    signed.data[i % bandCount] ? value : Math.log(Math.max(value, 1e-6)),
  );
  const clipped = clipArtefacts(data, frameCount, channelCount * bandCount);
  const bands = Array.from({ length: bandCount }, (_, b) =>
    signed.data[b] ? `feature ${b + 1}` : `log feature ${b + 1}`,
  );
  const rateHz = arrays.get('frame_rate_hz')?.data[0] ?? DEFAULT_RATE_HZ;
  const lfp: Signal = {
    rateHz,
    startS: 0,
    sampleCount: frameCount,
    names: columnNames(channelCount, bands),
    units: new Array<string>(channelCount * bandCount).fill(''),
    data,
  };
  const warnings = [
    `Magnitudes are logarithms; ${clipped} values beyond ${CLIP_DEVIATIONS} robust deviations are clipped.`,
  ];
  if (!arrays.has('frame_rate_hz')) {
    warnings.push(`No frame_rate_hz: ${DEFAULT_RATE_HZ} Hz is assumed.`);
  }
  const finger = arrays.get('finger');
  if (!finger) return { lfpPath: 'features', lfp, bands, warnings };
  const fingerCount = finger.shape[2];
  if (finger.shape.length !== 3 || finger.shape[0] !== blocks || finger.shape[1] !== windows) {
    throw new Error(
      `[npz] expected finger (${blocks}, ${windows}, K) to match features in "${fileName}", ` +
        `got (${finger.shape.join(', ')}): save one row per window`,
    );
  }
  const behaviour: Signal = {
    ...lfp,
    names: fingerCount === FINGERS.length ? FINGERS : numbered('finger', fingerCount),
    units: new Array<string>(fingerCount).fill(''),
    data: Float32Array.from(finger.data),
  };
  return { lfpPath: 'features', behaviourPath: 'finger', lfp, bands, behaviour, warnings };
}

/** Clips every column in place and returns how many values changed. */
function clipArtefacts(data: Float32Array, frameCount: number, width: number): number {
  const fitCount = Math.max(1, Math.floor(CLIP_FIT_SHARE * frameCount));
  let clipped = 0;
  for (let c = 0; c < width; c++) {
    const sample = Float32Array.from({ length: fitCount }, (_, i) => data[i * width + c]);
    const centre = median(sample);
    // 1.4826 turns a median absolute deviation into a normal distribution's standard deviation.
    const limit =
      CLIP_DEVIATIONS * 1.4826 * median(sample.map((value) => Math.abs(value - centre)));
    if (limit === 0) continue;
    for (let i = c; i < data.length; i += width) {
      const kept = Math.min(centre + limit, Math.max(centre - limit, data[i]));
      if (kept === data[i]) continue;
      data[i] = kept;
      clipped += 1;
    }
  }
  return clipped;
}

function median(values: Float32Array): number {
  return values.slice().sort()[values.length >> 1];
}
