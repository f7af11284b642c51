// The tokenizer's convolution over time: the same three-tap filters for every channel of the LFP.

import source from '../../shaders/temporal_conv.wgsl?raw';
import { gridStride, type Op, scratch } from '../autograd/op';
import { type Shape, sameShape, showShape, type Tensor } from '../autograd/tensor';
import { blockCount, sumPartials } from './sumPartials';
import { defineSumShader } from './sumShader';

const shader = defineSumShader('temporal_conv', source);

const TAPS = 3;

interface Params {
  readonly causal: boolean;
}

interface Sizes {
  readonly frames: number;
  readonly channels: number;
  readonly bands: number;
  readonly filters: number;
  /** Frames from the current one to the newest tap. */
  readonly ahead: number;
}

function sizesOf([lfp, mask, weight]: readonly Shape[], { causal }: Params): Sizes {
  const [filters, bands] = weight;
  return { frames: lfp[1], channels: mask[1], bands, filters, ahead: causal ? 0 : 1 };
}

/** Masked input of tap k at row (b, t, c): the twin's only way to the LFP. */
function tapReader(
  [lfp, mask]: readonly Float64Array[],
  { frames, channels, bands, ahead }: Sizes,
): (row: number, band: number, k: number) => number {
  return (row, band, k) => {
    const c = row % channels;
    const b = Math.floor(row / (channels * frames));
    const t = (Math.floor(row / channels) % frames) + k - (TAPS - 1) + ahead;
    const at = (frame: number): number => (frame * channels + c) * bands + band;
    const kept = mask[b * channels + c];
    return t >= 0 && t < frames ? kept * lfp[at(b * frames + t)] : 0;
  };
}

const backward: Op<Params> = {
  name: 'temporalConvBackward',
  infer: ([, , weight]) => [weight, [weight[0]]],
  cpu({ inputs, outputs: [dWeight, dBias], inputShapes, params }) {
    const sizes = sizesOf(inputShapes, params);
    const gradient = inputs[3];
    const tap = tapReader(inputs, sizes);
    for (let i = 0; i < gradient.length; i++) {
      const o = i % sizes.filters;
      const row = Math.floor(i / sizes.filters);
      dBias[o] += gradient[i];
      for (let band = 0; band < sizes.bands; band++) {
        for (let k = 0; k < TAPS; k++) {
          dWeight[(o * sizes.bands + band) * TAPS + k] += gradient[i] * tap(row, band, k);
        }
      }
    }
  },
  gpu({ inputs: [lfp, mask, weight, gradient], outputs: [dWeight, dBias], params, subgroupSize }) {
    const { shader: form, constants } = shader(subgroupSize);
    const sizes = sizesOf([lfp.shape, mask.shape, weight.shape], params);
    const count = blockCount(gradient.size / sizes.filters, 256, 512);
    const partials = scratch(count * (dWeight.size + dBias.size));
    return [
      {
        shader: form,
        entry: 'backward',
        constants: { ...constants, ...sizes },
        bindings: { lfp, mask, gradient, partials },
        workgroups: [count, sizes.filters * sizes.bands, 1],
      },
      sumPartials(partials, count, [dWeight, dBias]),
    ];
  },
  gradient: undefined,
};

const temporalConvOp: Op<Params> = {
  name: 'temporalConv',
  infer([lfp, mask, weight, bias]) {
    const [batch, frames, columns] = lfp;
    const [filters, bands] = weight;
    const channels = columns / bands;
    if (!sameShape(weight, [filters, bands, TAPS]) || !sameShape(bias, [filters])) {
      throw new Error(
        `[temporalConv] expected weight [dChannel, bands, ${TAPS}] and bias [dChannel], got ${showShape(weight)} and ${showShape(bias)}`,
      );
    }
    if (lfp.length !== 3 || !sameShape(mask, [batch, channels])) {
      throw new Error(
        `[temporalConv] expected lfp [B, T, C * ${bands}] and mask [B, C], got ${showShape(lfp)} and ${showShape(mask)}`,
      );
    }
    return [[batch, frames, channels, filters]];
  },
  cpu({ inputs, outputs: [out], inputShapes, params }) {
    const sizes = sizesOf(inputShapes, params);
    const [, , weight, bias] = inputs;
    const tap = tapReader(inputs, sizes);
    for (let i = 0; i < out.length; i++) {
      const o = i % sizes.filters;
      const row = Math.floor(i / sizes.filters);
      out[i] = bias[o];
      for (let band = 0; band < sizes.bands; band++) {
        for (let k = 0; k < TAPS; k++) {
          out[i] += weight[(o * sizes.bands + band) * TAPS + k] * tap(row, band, k);
        }
      }
    }
  },
  gpu({ inputs: [lfp, mask, weight, bias], outputs: [out], params, subgroupSize }) {
    return [
      {
        shader: shader(subgroupSize).shader,
        entry: 'forward',
        constants: { ...sizesOf([lfp.shape, mask.shape, weight.shape], params) },
        bindings: { lfp, mask, weight, bias, out },
        workgroups: gridStride(out.size / out.shape[3], 64),
      },
    ];
  },
  gradient({ inputs: [lfp, mask, weight], outputGradients: [gradient], params }) {
    const found = lfp.graph.apply(backward, [lfp, mask, weight, gradient!], params);
    return [undefined, undefined, ...found];
  },
};

/**
 * The first stage of the tokenizer, before GELU (REALM, section 1.3): masks the channels, then convolves each
 * channel over time with the same filters. No gradient flows to lfp and mask.
 * @param lfp [B, T, C * bands], the bands of a channel side by side
 * @param mask [B, C], 1 valid, 0 padded
 * @param weight [dChannel, bands, 3]
 * @param bias [dChannel]
 * @param options.causal taps t-2, t-1, t; otherwise t-1, t, t+1; zeros outside
 * @returns [B, T, C, dChannel]
 */
export function temporalConv(
  lfp: Tensor,
  mask: Tensor,
  weight: Tensor,
  bias: Tensor,
  options: { readonly causal: boolean },
): Tensor {
  return lfp.graph.apply(temporalConvOp, [lfp, mask, weight, bias], options)[0];
}
