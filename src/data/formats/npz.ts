/** NumPy archives: REALM's own layout and band features cut into blocks. */
import { unzipSync } from 'fflate';
import type { Signal } from '../session';
import { arrayInMemory, longest, MIN_SERIES_SAMPLES, seriesOfArray } from './arraySeries';
import { fromFeatureBlocks } from './featureBlocks';
import { type FileSource, type OpenFile, stem } from './fileFormat';
import { columnNames, type FrameArrays, numbered } from './frameArrays';
import { type NpyArray, parseNpy } from './npy';
import { openRecording } from './recording';
import { gridInMemory, type SeriesSource } from './sampleGrid';
import { isRateName, isTimeName } from './seriesKinds';

const MAX_UNPACKED_BYTES = 2 ** 31;
/** Deflate cannot pack more densely. */
const MAX_RATIO = 1032;

/** @throws one sentence when the archive is damaged or holds no arrays of numbers */
export async function openNpz(source: FileSource): Promise<OpenFile> {
  const arrays = await readArrays(source);
  if (!arrays.has('features') && !arrays.has('lfp_data'))
    return openPlainArrays(arrays, source.name);
  const frames = arrays.has('features')
    ? fromFeatureBlocks(arrays, source.name)
    : fromRealm(arrays, source.name);
  const sources = [sourceOf(frames.lfpPath, 'lfp', frames.lfp, frames.bands)];
  if (frames.behaviour && frames.behaviourPath) {
    sources.push(sourceOf(frames.behaviourPath, 'behaviour', frames.behaviour));
  }
  return openRecording({
    format: 'npz',
    fileName: source.name,
    name: stem(source.name),
    sources,
    warnings: frames.warnings,
  });
}

/** Any other archive: its vectors and matrices, for the person to say what they are. */
async function openPlainArrays(
  arrays: ReadonlyMap<string, NpyArray>,
  fileName: string,
): Promise<OpenFile> {
  const scalars = [...arrays].filter(([, { data }]) => data.length === 1);
  const rateHz = scalars.find(([name]) => isRateName(name))?.[1].data[0];
  const series = [...arrays].filter(
    ([, { shape }]) => shape.length <= 2 && longest(shape) >= MIN_SERIES_SAMPLES,
  );
  const times = series.filter(([name]) => isTimeName(name)).map(([, array]) => array);
  if (series.length === 0) fromRealm(arrays, fileName);
  const sources = await Promise.all(
    series.map(([path, { shape, data }]) => {
      const time = times.find(({ data }) => shape.includes(data.length));
      return seriesOfArray({
        path,
        array: arrayInMemory(shape, data, false),
        rateHz: time ? undefined : rateHz,
        time: time && arrayInMemory([time.data.length], time.data, false),
      });
    }),
  );
  return openRecording({ format: 'npz', fileName, name: stem(fileName), sources, warnings: [] });
}

async function readArrays(source: FileSource): Promise<Map<string, NpyArray>> {
  const bytes = await source.slice(0, source.byteLength);
  let unpackedBytes = 0;
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(bytes, {
      filter(entry) {
        if (!entry.name.endsWith('.npy')) return false;
        unpackedBytes += entry.originalSize;
        // The stated size is allocated before anything is inflated.
        if (entry.originalSize > MAX_RATIO * Math.min(entry.size, bytes.length) + 1024) {
          throw new Error(`${entry.originalSize} bytes stated for ${entry.size}`);
        }
        if (unpackedBytes > MAX_UNPACKED_BYTES) throw new Error('more than 2 GiB of arrays');
        return true;
      },
    });
  } catch (error) {
    throw new Error(
      `[npz] expected a whole zip archive in "${source.name}", got ${error instanceof Error ? error.message : error}: ` +
        'copy or save the file again',
    );
  }
  const arrays = new Map<string, NpyArray>();
  for (const [entry, content] of Object.entries(entries)) {
    const name = entry.replace(/\.npy$/, '');
    arrays.set(name, parseNpy(content, `${source.name}/${name}`));
  }
  return arrays;
}

/** REALM's `<session>_rawlfp.npz`: `lfp_data` (C, bands, T), `targets` (T, K), `frame_rate_hz`. */
function fromRealm(arrays: ReadonlyMap<string, NpyArray>, fileName: string): FrameArrays {
  const lfpData = arrays.get('lfp_data');
  if (!lfpData || lfpData.shape.length < 2 || lfpData.shape.length > 3) {
    const found = [...arrays].map(([name, { shape }]) => `${name} (${shape.join(', ')})`);
    throw new Error(
      `[npz] expected an array lfp_data of shape (channels, 1, frames) in "${fileName}", ` +
        `got ${found.join(', ') || 'no arrays'}: save it under that name, with targets (frames, K) and frame_rate_hz`,
    );
  }
  const channelCount = lfpData.shape[0];
  const bandCount = lfpData.shape.length === 3 ? lfpData.shape[1] : 1;
  const frameCount = lfpData.shape[lfpData.shape.length - 1];
  const warnings: string[] = [];
  const rateHz = arrays.get('frame_rate_hz')?.data[0] ?? 100;
  if (!arrays.has('frame_rate_hz')) warnings.push('No frame_rate_hz: 100 Hz is assumed.');
  if (!(rateHz > 0)) {
    throw new Error(
      `[npz] expected a positive frame_rate_hz in "${fileName}", got ${rateHz}: save the frame rate in Hz`,
    );
  }
  const width = channelCount * bandCount;
  const data = new Float32Array(frameCount * width);
  for (let column = 0; column < width; column++) {
    for (let t = 0; t < frameCount; t++) {
      data[t * width + column] = lfpData.data[column * frameCount + t];
    }
  }
  const bands = bandCount === 1 ? ['raw'] : numbered('band', bandCount);
  const lfp: Signal = {
    rateHz,
    startS: 0,
    sampleCount: frameCount,
    names: columnNames(channelCount, bands),
    units: new Array<string>(width).fill(''),
    data,
  };
  const targets = arrays.get('targets');
  if (!targets) return { lfpPath: 'lfp_data', lfp, bands, warnings };
  const targetCount = targets.shape.length === 1 ? 1 : targets.shape[1];
  if (targets.shape.length > 2 || targets.shape[0] !== frameCount) {
    throw new Error(
      `[npz] expected targets of shape (${frameCount}, K) to match lfp_data in "${fileName}", ` +
        `got (${targets.shape.join(', ')}): save one target row per frame`,
    );
  }
  const behaviour: Signal = {
    ...lfp,
    names: numbered('target', targetCount),
    units: new Array<string>(targetCount).fill(''),
    data: Float32Array.from(targets.data),
  };
  return { lfpPath: 'lfp_data', behaviourPath: 'targets', lfp, bands, behaviour, warnings };
}

function sourceOf(
  path: string,
  kind: 'lfp' | 'behaviour',
  signal: Signal,
  bands?: readonly string[],
): SeriesSource {
  const info = {
    path,
    name: path,
    kind,
    shape: [signal.sampleCount, signal.names.length],
    rateHz: signal.rateHz,
    unit: signal.units[0],
    columns: [...signal.names],
  };
  return { info, bands, open: async () => gridInMemory(signal) };
}
