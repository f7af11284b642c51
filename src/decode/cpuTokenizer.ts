// The causal tokenizer on the processor, one frame at a time (REALM, section 1.3, neural tokenizer).

import { lfpColumns, type ModelConfig } from '../model/config';
import { erf } from '../ops/erf';
import type { CpuKernels } from './cpuKernels';
import type { CpuMemory, CpuVector } from './cpuMemory';
import { normRow, type ReadWeights, sigmoid } from './cpuRows';

const TAPS = 3;

/** What the tokenizer keeps of a stream. */
export interface TokenizerState {
  /** The last frames, the current one last [TAPS, C*bands]. */
  readonly window: Float32Array;
  /** Sum over all frames of each channel's mean feature [C], in float64: a stream has no last frame. */
  readonly featureSum: Float64Array;
}

export interface CpuTokenizer {
  /** [D] of the latest frame. */
  readonly tokens: CpuVector;
  createState(): TokenizerState;
  /**
   * @param lfp [C*bands]
   * @param frames of the stream, this one included
   */
  step(kernels: CpuKernels, state: TokenizerState, lfp: Float32Array, frames: number): void;
}

/** @param channelMask [C], 1 valid, 0 rejected */
export function createTokenizer(
  config: ModelConfig,
  read: ReadWeights,
  channelMask: Float32Array,
  memory: CpuMemory,
): CpuTokenizer {
  const { channelCount, bandCount, channelDim } = config;
  const columns = lfpColumns(config);
  const convWeight = read('encoder.temporal_conv.0.weight');
  const convBias = read('encoder.temporal_conv.0.bias');
  const ecaWeight = read('encoder.eca_conv.weight');
  const projectionBias = read('encoder.spatial_proj.bias');
  const normWeight = read('encoder.spatial_norm.weight');
  const normBias = read('encoder.spatial_norm.bias');
  const width = channelCount * channelDim;
  const features = memory.vector(width);
  const projection = memory.matrix(read('encoder.spatial_proj.weight'), width);
  const tokens = memory.rows(config.modelDim);
  const mean = new Float64Array(channelCount);

  /** Convolution over time with the same filters for each channel, then GELU. */
  const convolve = (window: Float32Array): void => {
    const out = features.values;
    for (let c = 0; c < channelCount; c++) {
      const kept = channelMask[c];
      for (let k = 0; k < channelDim; k++) {
        let sum = 0;
        for (let band = 0; band < bandCount; band++) {
          const taps = (k * bandCount + band) * TAPS;
          for (let tap = 0; tap < TAPS; tap++) {
            sum += convWeight[taps + tap] * window[tap * columns + c * bandCount + band];
          }
        }
        const x = convBias[k] + kept * sum;
        out[c * channelDim + k] = 0.5 * x * (1 + erf(x * Math.SQRT1_2));
      }
    }
  };

  /** Scales each channel by the sigmoid of its neighbours' mean features, over all frames so far. */
  const attend = (featureSum: Float64Array, frames: number): void => {
    const out = features.values;
    for (let c = 0; c < channelCount; c++) {
      let sum = 0;
      for (let k = 0; k < channelDim; k++) sum += out[c * channelDim + k];
      featureSum[c] += sum / channelDim;
      mean[c] = featureSum[c] / frames;
    }
    const reach = (ecaWeight.length - 1) / 2;
    for (let c = 0; c < channelCount; c++) {
      let logit = 0;
      const last = Math.min(channelCount - 1, c + reach);
      for (let from = Math.max(0, c - reach); from <= last; from++) {
        logit += ecaWeight[from - c + reach] * mean[from];
      }
      const factor = sigmoid(logit);
      for (let k = 0; k < channelDim; k++) out[c * channelDim + k] *= factor;
    }
  };

  return {
    tokens,
    createState: () => ({
      window: new Float32Array(TAPS * columns),
      featureSum: new Float64Array(channelCount),
    }),
    step(kernels, { window, featureSum }, lfp, frames) {
      window.copyWithin(0, columns);
      window.set(lfp, (TAPS - 1) * columns);
      convolve(window);
      attend(featureSum, frames);
      tokens.values.set(projectionBias);
      kernels.product(projection, features, tokens);
      normRow(tokens.values, normWeight, normBias, tokens.values);
    },
  };
}
