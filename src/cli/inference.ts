// What `forward` and `decode` share: the model file, the input file [B, C, T] or [B, C, bands, T], and the output file.

import type { ModelConfig } from '../model/config';
import { hasReadout, type ModelFile, readModelFile } from '../model/modelFile';
import { readSafetensors, type StoredTensor, writeSafetensors } from '../model/safetensors';
import { DEVICE_CHOICES } from './nodeDevice';
import { readBytes, replaceFile } from './nodeFiles';
import type { Options, OptionTable } from './options';

export const INFERENCE_OPTIONS: OptionTable = {
  model: { kind: 'text', value: 'FILE', help: 'model (.safetensors)', required: true },
  input: {
    kind: 'text',
    value: 'FILE',
    help: 'lfp [B,C,T] or [B,C,bands,T], optional channel_mask [B,C] (.safetensors)',
    required: true,
  },
  out: {
    kind: 'text',
    value: 'FILE',
    help: 'gets tokens, hidden and behaviour (.safetensors)',
    required: true,
  },
  device: { kind: 'text', choices: DEVICE_CHOICES, help: 'default gpu' },
};

export interface Recording {
  readonly batch: number;
  readonly frames: number;
  /** [B, T, C*bands] */
  readonly lfp: Float32Array;
  /** [B, C] */
  readonly channelMask: Float32Array;
}

export async function readModel(options: Options): Promise<ModelFile> {
  return readModelFile(await readBytes(options.required('model')));
}

export async function readInput(options: Options, config: ModelConfig): Promise<Recording> {
  const { tensors } = readSafetensors(await readBytes(options.required('input')));
  return readRecording(tensors, config);
}

/** @throws Error when the input does not fit the model or holds a number that is not finite */
export function readRecording(
  tensors: ReadonlyMap<string, StoredTensor>,
  { channelCount, bandCount }: ModelConfig,
): Recording {
  const lfp = tensors.get('lfp');
  if (!lfp) throw new Error('[input] expected a tensor "lfp" [B,C,T] or [B,C,bands,T], got none');
  const { shape, data } = lfp;
  const bands = shape.length === 4 ? shape[2] : 1;
  const batch = shape[0];
  const frames = shape[shape.length - 1];
  const isFit = (shape.length === 3 || shape.length === 4) && batch > 0 && frames > 0;
  if (!isFit || shape[1] !== channelCount || bands !== bandCount) {
    const expected =
      bandCount === 1 ? `[B,${channelCount},T]` : `[B,${channelCount},${bandCount},T]`;
    throw new Error(`[input] expected lfp ${expected}, got [${shape}]: use the model's channels`);
  }
  const mask = tensors.get('channel_mask');
  if (mask && mask.shape.join() !== `${batch},${channelCount}`) {
    throw new Error(
      `[input] expected channel_mask [${batch},${channelCount}], got [${mask.shape}]`,
    );
  }
  for (const [name, values] of [
    ['lfp', data],
    ['channel_mask', mask?.data],
  ] as const) {
    if (values?.every(Number.isFinite) === false) {
      throw new Error(`[input] expected finite ${name}, got NaN or infinity: fill the gaps first`);
    }
  }
  return {
    batch,
    frames,
    lfp: framesFirst(data, batch, channelCount * bandCount, frames),
    channelMask: mask?.data ?? new Float32Array(batch * channelCount).fill(1),
  };
}

/** [B, columns, T] to [B, T, columns]. */
function framesFirst(data: Float32Array, batch: number, columns: number, frames: number) {
  const turned = new Float32Array(data.length);
  for (let b = 0; b < batch; b++) {
    for (let c = 0; c < columns; c++) {
      const from = (b * columns + c) * frames;
      for (let t = 0; t < frames; t++) turned[(b * frames + t) * columns + c] = data[from + t];
    }
  }
  return turned;
}

export interface Inferred {
  /** [B, T, D] */
  readonly tokens: Float32Array;
  /** [B, T, D], before the final norm */
  readonly hidden: Float32Array;
  /** [B, T, K], z-scored as in training */
  readonly behaviour: Float32Array;
}

/** Memory for the results of a whole recording. */
export function emptyResults(
  { modelDim, outputCount }: ModelConfig,
  { batch, frames }: Recording,
): Inferred {
  const make = (columns: number): Float32Array => new Float32Array(batch * frames * columns);
  return { tokens: make(modelDim), hidden: make(modelDim), behaviour: make(outputCount) };
}

/** @throws Error when the results hold a number that is not finite */
export async function writeResults(
  path: string,
  { config, weights }: ModelFile,
  { batch, frames }: Recording,
  results: Inferred,
): Promise<void> {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, data] of Object.entries(results) as [keyof Inferred, Float32Array][]) {
    if (name === 'behaviour' && !hasReadout(weights)) continue;
    if (!data.every(Number.isFinite)) {
      throw new Error(`[output] expected finite ${name}, got NaN or infinity: is the model whole?`);
    }
    const columns = name === 'behaviour' ? config.outputCount : config.modelDim;
    tensors.set(name, { shape: [batch, frames, columns], data });
  }
  await replaceFile(path, writeSafetensors(tensors));
}
