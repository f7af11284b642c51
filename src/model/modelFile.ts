// A model as one safetensors file: parameters under the authors' names, the configuration in the metadata
// (REALM, sections 8 and 9).

import type { Weights } from '../autograd/parameterSet';
import { checkConfig, type ModelConfig } from './config';
import { decoderParameters, encoderParameters, readoutParameters } from './parameters';
import { readSafetensors, type StoredTensor, writeSafetensors } from './safetensors';
import { teacherParameters } from './teacher';

export interface ModelFile {
  /** A file without readout, as a pretrained teacher is, has an `outputCount` of 1. */
  readonly config: ModelConfig;
  /** By the authors' names; `out_proj` and `skip` are absent in a file without readout. */
  readonly weights: Map<string, Float32Array>;
  readonly metadata: Readonly<Record<string, string>>;
}

type NumberKey = { [K in keyof ModelConfig]: ModelConfig[K] extends number ? K : never }[Exclude<
  keyof ModelConfig,
  'outputCount' | 'bandCount'
>];

const METADATA_KEYS: readonly (readonly [key: string, size: NumberKey])[] = [
  ['n_channels', 'channelCount'],
  ['d_model', 'modelDim'],
  ['n_layers', 'layerCount'],
  ['d_state', 'stateDim'],
  ['d_conv', 'convTaps'],
  ['expand', 'expand'],
  ['headdim', 'headDim'],
  ['d_channel', 'channelDim'],
  ['eca_kernel', 'ecaTaps'],
];

/** In the authors' state dicts, but in no equation. */
const UNUSED = /^encoder\.(session_embed|layers\.\d+\.causal_proj)\./;

const TEMPORAL_CONV = 'encoder.temporal_conv.0.weight';

/**
 * Reads a model file of any size; `session_embed` and `causal_proj` are accepted and left out.
 * @throws Error naming the metadata or the parameter that does not fit
 */
export function readModelFile(bytes: Uint8Array): ModelFile {
  const { tensors, metadata } = readSafetensors(bytes);
  const sizes = Object.fromEntries(
    METADATA_KEYS.map(([key, size]) => [size, wholeNumber(metadata, key)]),
  ) as Record<NumberKey, number>;
  const bandCount = tensors.get(TEMPORAL_CONV)?.shape[1] ?? 1;
  if (metadata.n_bands !== undefined && wholeNumber(metadata, 'n_bands') !== bandCount) {
    fail(
      `n_bands to agree with ${TEMPORAL_CONV} [d_channel, bands, 3]`,
      `${metadata.n_bands} and ${bandCount}`,
    );
  }
  const config = checkConfig({
    ...sizes,
    bandCount,
    bidirectional: truth(metadata, 'bidirectional'),
    outputCount: tensors.get('out_proj.weight')?.shape[0] ?? 1,
  });
  const weights = new Map<string, Float32Array>();
  for (const [name, { data }] of tensors) if (!UNUSED.test(name)) weights.set(name, data);
  checkTensors(tensors, config);
  return { config, weights, metadata };
}

/**
 * @param weights any of the encoder, the readout and the teacher's own parameters
 * @param extraMetadata what else to say about the model; the configuration's keys win
 * @throws Error naming a parameter that the configuration does not have or that has another size
 */
export function writeModelFile(
  config: ModelConfig,
  weights: Weights,
  extraMetadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const shapes = shapesOf(config, [...weights.keys()]);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, data] of weights) {
    const shape = shapes.get(name);
    if (!shape) fail('parameters of the configured model', name);
    tensors.set(name, { shape: [...shape], data });
  }
  checkTensors(tensors, config);
  const sizes = METADATA_KEYS.map(([key, size]) => [key, String(config[size])]);
  return writeSafetensors(tensors, {
    ...extraMetadata,
    ...Object.fromEntries(sizes),
    n_bands: String(config.bandCount),
    bidirectional: config.bidirectional ? 'True' : 'False',
    flavour: 'realm',
  });
}

/** Whether a file's model predicts behaviour: a pretrained teacher does not. */
export const hasReadout = (weights: Weights): boolean => weights.has('out_proj.weight');

/** The file's weights completed for `decoderParameters`: a missing readout is zero. */
export function decoderWeights({ config, weights }: ModelFile): Weights {
  if (hasReadout(weights)) return weights;
  const zeros = readoutParameters(config).map(
    ({ name, shape }) => [name, new Float32Array(shape.reduce((n, size) => n * size, 1))] as const,
  );
  return new Map([...weights, ...zeros]);
}

/** Shapes of all that may stand beside these names. */
function shapesOf(config: ModelConfig, names: readonly string[]): Map<string, readonly number[]> {
  const isTeacher = names.includes('mask_token');
  const specs = [...decoderParameters(config), ...(isTeacher ? teacherParameters(config) : [])];
  return new Map(specs.map(({ name, shape }) => [name, shape]));
}

function checkTensors(tensors: ReadonlyMap<string, StoredTensor>, config: ModelConfig): void {
  const known = shapesOf(config, [...tensors.keys()]);
  for (const [name, { shape }] of tensors) {
    if (UNUSED.test(name)) continue;
    const expected = known.get(name);
    if (!expected) fail('only parameters of the model that the metadata describes', name);
    if (expected.join() !== shape.join()) fail(`${name} as [${expected}]`, `[${shape}]`);
  }
  const isReadoutThere = readoutParameters(config).some(({ name }) => tensors.has(name));
  const needed = isReadoutThere ? decoderParameters(config) : encoderParameters(config);
  const missing = needed.filter(({ name }) => !tensors.has(name));
  if (missing.length > 0) {
    fail(`${needed.length} parameters`, `none for ${missing[0].name} (${missing.length} missing)`);
  }
}

function wholeNumber(metadata: Readonly<Record<string, string>>, key: string): number {
  const text = metadata[key];
  if (text === undefined || !/^\d+$/.test(text)) {
    fail(`a whole number under ${key} in the metadata`, text === undefined ? 'none' : `"${text}"`);
  }
  return Number(text);
}

function truth(metadata: Readonly<Record<string, string>>, key: string): boolean {
  const text = metadata[key]?.toLowerCase();
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  fail(`True or False under ${key} in the metadata`, text === undefined ? 'none' : `"${text}"`);
}

function fail(expected: string, got: string): never {
  throw new Error(`[modelFile] expected ${expected}, got ${got}`);
}
