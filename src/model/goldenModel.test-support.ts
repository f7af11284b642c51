// The golden vectors as what the command line takes: a model file and an input file (REALM, section 9).

import { existsSync, readFileSync } from 'node:fs';
import { readSafetensors, type StoredTensor, writeSafetensors } from './safetensors';

const FOLDER = new URL('../../../shared/golden/', import.meta.url);

export const GOLDEN_FILES = [
  'realm_causal_small',
  'realm_bidirectional_small',
  'realm_causal_medium',
] as const;

/** Tests without the vectors are skipped under a title that says so. */
export const hasGolden = existsSync(FOLDER);

export const GOLDEN_TITLE = hasGolden
  ? 'golden vectors'
  : 'golden vectors (SKIPPED: no ../shared/golden beside the checkout)';

export interface GoldenFiles {
  readonly model: Uint8Array;
  readonly input: Uint8Array;
  readonly parameters: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
  output(name: string): StoredTensor;
}

/** @param unused adds the two parameters that the authors' state dicts hold and no equation uses */
export function goldenFiles(file: string, unused = false): GoldenFiles {
  const { tensors, metadata } = readSafetensors(
    readFileSync(new URL(`${file}.safetensors`, FOLDER)),
  );
  const renamed = (prefix: string): Map<string, StoredTensor> =>
    new Map(
      [...tensors]
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
    );
  const parameters = renamed('param.');
  const dim = Number(metadata.d_model);
  const dead: [string, StoredTensor][] = [
    ['encoder.session_embed.weight', { shape: [200, dim], data: new Float32Array(200 * dim) }],
    ['encoder.layers.0.causal_proj.bias', { shape: [dim], data: new Float32Array(dim) }],
  ];
  const inputs = renamed('input.');
  return {
    model: writeSafetensors(new Map([...parameters, ...(unused ? dead : [])]), metadata),
    input: writeSafetensors(
      new Map([...inputs].filter(([name]) => name === 'lfp' || name === 'channel_mask')),
    ),
    parameters,
    metadata,
    output: (name) => tensors.get(`output.${name}`)!,
  };
}

/** |a - b| over |b|. */
export function relativeError(values: Float32Array, expected: Float32Array): number {
  if (values.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let norm = 0;
  expected.forEach((value, i) => {
    difference += (values[i] - value) ** 2;
    norm += value ** 2;
  });
  return Math.sqrt(difference / norm);
}
