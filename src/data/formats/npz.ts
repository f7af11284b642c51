/** NumPy archives: REALM's own layout and band features cut into blocks. */
import { unzipSync } from 'fflate';
import { assembleSession } from '../assembleSession';
import type { Signal } from '../session';
import { fromFeatureBlocks } from './featureBlocks';
import { type FileSource, type OpenFile, type SeriesInfo, stem } from './fileFormat';
import { columnNames, type FrameArrays, numbered } from './frameArrays';
import { type NpyArray, parseNpy } from './npy';

const MAX_UNPACKED_BYTES = 2 ** 31;

/** @throws one sentence when the archive is damaged or holds neither layout */
export async function openNpz(source: FileSource): Promise<OpenFile> {
  const arrays = await readArrays(source);
  const frames = arrays.has('features')
    ? fromFeatureBlocks(arrays, source.name)
    : fromRealm(arrays, source.name);
  const series: SeriesInfo[] = [describe(frames.lfpPath, 'lfp', frames.lfp)];
  if (frames.behaviour && frames.behaviourPath) {
    series.push(describe(frames.behaviourPath, 'behaviour', frames.behaviour));
  }
  return {
    format: 'npz',
    series,
    warnings: [...frames.warnings],
    async readSession(choice) {
      const isChosen = choice.behaviour?.includes(frames.behaviourPath ?? '') ?? false;
      return assembleSession({
        name: stem(source.name),
        subject: stem(source.name),
        lfp: frames.lfp,
        bands: frames.bands,
        behaviour: isChosen && frames.behaviour ? [frames.behaviour] : [],
        alreadyFrames: true,
        warnings: frames.warnings,
      });
    },
    close() {},
  };
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

function describe(path: string, kind: 'lfp' | 'behaviour', signal: Signal): SeriesInfo {
  return {
    path,
    name: path,
    kind,
    shape: [signal.sampleCount, signal.names.length],
    rateHz: signal.rateHz,
    unit: signal.units[0],
    columns: [...signal.names],
  };
}
