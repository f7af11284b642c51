// Which way `decode` takes: the GPU, the processor, or the float64 reference, and what it prints about them.

import type { Weights } from '../autograd/parameterSet';
import { CPU } from '../autograd/store';
import {
  chooseDecoder,
  DECODE_PATHS,
  type DecodePath,
  type DecodePreference,
  type DecoderChoice,
} from '../decode/chooseDecoder';
import { createCpuDecoder } from '../decode/cpuDecoder';
import { checkCausal, createDecoder, type Decoder } from '../decode/decoder';
import type { LatencySummary } from '../decode/latency';
import { lfpColumns, type ModelConfig } from '../model/config';
import { CPU_NAME, type OpenedDevice, openDevice } from './nodeDevice';
import { type Options, type OptionTable, UsageError } from './options';

export const PATH_OPTIONS: OptionTable = {
  path: {
    kind: 'text',
    choices: ['auto', ...DECODE_PATHS],
    help: 'default auto: the one with the lower p99, measured on start',
  },
};

const PROCESSOR_NAME = 'cpu (f32)';

export interface DecodeRoute {
  /** The adapter or the processor, shown with the result. */
  readonly name: string;
  /** Why this path. */
  readonly lines: readonly string[];
  /** @param channelMask [C] */
  createDecoder(channelMask: Float32Array): Promise<Decoder>;
  close(): void;
}

/**
 * Measures and chooses, or takes the reference with `--device cpu`.
 * @throws UsageError for `--path` with the reference; the fault of a path that was asked for
 */
export async function openRoute(
  options: Options,
  config: ModelConfig,
  weights: Weights,
  deadlineMs: number,
): Promise<DecodeRoute> {
  checkCausal(config);
  const preference = (options.text('path') ?? 'auto') as DecodePreference;
  if (options.text('device') === 'cpu') {
    if (options.has('path')) {
      throw new UsageError('--path expected no --device cpu, which is the float64 reference');
    }
    const createOn = (channelMask: Float32Array) =>
      createDecoder(CPU, config, weights, { channelMask });
    return { name: CPU_NAME, lines: [], createDecoder: createOn, close: () => {} };
  }
  let opened: OpenedDevice | undefined;
  const createOn: Record<DecodePath, (channelMask?: Float32Array) => Promise<Decoder>> = {
    async gpu(channelMask) {
      opened ??= await openDevice('gpu');
      return createDecoder(opened.device, config, weights, { channelMask });
    },
    cpu: (channelMask) => createCpuDecoder(config, weights, { channelMask }),
  };
  const choice = await chooseDecoder({
    create: { gpu: () => createOn.gpu(), cpu: () => createOn.cpu() },
    preference,
    columns: lfpColumns(config),
    deadlineMs,
  });
  choice.decoder.destroy();
  const gpuName = opened?.name ?? 'gpu';
  return {
    name: choice.path === 'gpu' ? gpuName : PROCESSOR_NAME,
    lines: describeChoice(choice, preference, { gpu: gpuName, cpu: PROCESSOR_NAME }),
    createDecoder: createOn[choice.path],
    close: () => opened?.close(),
  };
}

function describeChoice(
  { path, latency, faults }: DecoderChoice,
  preference: DecodePreference,
  names: Record<DecodePath, string>,
): string[] {
  const reason = preference === 'auto' ? 'the lower p99 on start' : 'as asked for';
  return [
    `path: ${path}, ${reason}`,
    ...DECODE_PATHS.map((each) => {
      const summary = latency[each];
      const found = summary
        ? `${showLatency(summary)} (${summary.frames} frames of zeros)`
        : `not available: ${faults[each]?.message}`;
      return `  ${each}: ${found}${summary ? `, ${names[each]}` : ''}`;
    }),
  ];
}

export const showLatency = ({ p50Ms, p95Ms, p99Ms, maxMs }: LatencySummary): string =>
  `p50 ${p50Ms.toFixed(2)} ms, p95 ${p95Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms, ` +
  `longest ${maxMs.toFixed(2)} ms`;
