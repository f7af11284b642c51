// The tokenizer's features of one live frame: convolution over time, GELU and channel attention in one dispatch.

import activation from '../../shaders/common/activation.wgsl?raw';
import source from '../../shaders/frame_features.wgsl?raw';
import { numbers, type Op } from '../autograd/op';
import { type Shape, sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';
import { erf } from './erf';
import { checkKept, sigmoid } from './framePath';

const shader = defineShader('frame_features', source, activation);

const TAPS = 3;
const gelu = (x: number): number => 0.5 * x * (1 + erf(x * Math.SQRT1_2));

function sizesOf([lfp, mask, weight, , attention]: readonly Shape[]) {
  const [batch, , columns] = lfp;
  const channels = mask[1];
  return { batch, columns, channels, filters: weight[0], bands: weight[1], reach: attention[2] };
}

/** What a stream's tokenizer remembers: two LFP frames, then the sum of each channel's mean feature. */
export const featureMemoryShape = (batch: number, columns: number, channels: number): Shape => [
  batch,
  2 * columns + channels,
];

const frameFeaturesOp: Op<null> = {
  name: 'frameFeatures',
  effect: true,
  infer(shapes) {
    const [lfp, mask, weight, bias, attention, count, memory] = shapes;
    const { batch, columns, channels, filters, bands, reach } = sizesOf(shapes);
    const fits =
      sameShape(lfp, [batch, 1, channels * bands]) &&
      sameShape(mask, [batch, channels]) &&
      sameShape(weight, [filters, bands, TAPS]) &&
      sameShape(bias, [filters]) &&
      sameShape(attention, [1, 1, reach]) &&
      reach % 2 === 1 &&
      sameShape(count, [1]) &&
      sameShape(memory, featureMemoryShape(batch, columns, channels));
    if (!fits) {
      throw new Error(
        `[frameFeatures] expected lfp [B, 1, C*bands], mask [B, C], weight [F, bands, 3], bias [F], attention [1, 1, odd], count [1] and memory [B, 2*C*bands + C], got ${shapes.map(showShape).join(' ')}`,
      );
    }
    return [[batch, 1, channels * filters]];
  },
  cpu({ inputs, outputs: [out], inputShapes }) {
    const [lfp, mask, weight, bias, attention, [count], memory] = inputs;
    const { batch, columns, channels, filters, bands, reach } = sizesOf(inputShapes);
    for (let b = 0; b < batch; b++) {
      const own = memory.subarray(b * (2 * columns + channels), (b + 1) * (2 * columns + channels));
      const frame = lfp.subarray(b * columns, (b + 1) * columns);
      const frames = [own.slice(0, columns), own.slice(columns, 2 * columns), frame];
      const sums = own.subarray(2 * columns);
      const features = out.subarray(b * channels * filters, (b + 1) * channels * filters);
      features.forEach((_, i) => {
        const [c, o] = [Math.floor(i / filters), i % filters];
        let sum = 0;
        for (let band = 0; band < bands; band++) {
          frames.forEach((row, k) => {
            sum += weight[(o * bands + band) * TAPS + k] * row[c * bands + band];
          });
        }
        features[i] = gelu(bias[o] + mask[b * channels + c] * sum);
        sums[c] += features[i] / filters;
      });
      features.forEach((_, i) => {
        const c = Math.floor(i / filters);
        let logit = 0;
        for (let j = 0; j < reach; j++) {
          logit += (attention[j] * (sums[c + j - (reach - 1) / 2] ?? 0)) / (count + 1);
        }
        features[i] *= sigmoid(logit);
      });
      own.set(frames[1]);
      own.set(frame, columns);
    }
  },
  gpu({ inputs: [lfp, mask, weight, bias, attention, count, memory], outputs: [out] }) {
    const shapes = [lfp, mask, weight, bias, attention].map(({ shape }) => shape);
    const { batch, channels, filters, bands, reach } = sizesOf(shapes);
    const sizes = numbers(channels, bands, filters, reach);
    return [
      {
        shader,
        entry: 'step',
        constants: {},
        bindings: { lfp, mask, weight, bias, attention, count, memory, sizes, out },
        workgroups: [batch, 1, 1],
      },
    ];
  },
  gradient: undefined,
};

/**
 * Causal features of one frame (REALM, section 1.3, neural tokenizer); the memory takes the frame in.
 * @param lfp [B, 1, C*bands]
 * @param mask [B, C], 1 valid, 0 rejected
 * @param convolution weight [F, bands, 3] and bias [F]
 * @param attention [1, 1, k], k odd
 * @param memory `count` [1], frames before this one, and `kept`, of `featureMemoryShape`, updated in place
 * @returns [B, 1, C*F]
 * @throws Error when the shapes do not fit or the memory is not stored
 */
export function frameFeatures(
  lfp: Tensor,
  mask: Tensor,
  convolution: { readonly weight: Tensor; readonly bias: Tensor },
  attention: Tensor,
  memory: { readonly count: Tensor; readonly kept: Tensor },
): Tensor {
  checkKept('frameFeatures', memory.kept);
  const { weight, bias } = convolution;
  const inputs = [lfp, mask, weight, bias, attention, memory.count, memory.kept];
  return lfp.graph.apply(frameFeaturesOp, inputs, null)[0];
}
