// Split the last dimension into parts.

import source from '../../shaders/split.wgsl?raw';
import { type Dispatch, gridStride, numbers, type Op } from '../autograd/op';
import { showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';

const shader = defineShader('split', source);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

/** Column at which each part begins. */
const offsetsOf = (widths: readonly number[]): number[] =>
  widths.map((_, i) => sum(widths.slice(0, i)));

/** Copies part number `index` out of `from` (take) or into `to` (put); with put and no `from`, zeros. */
function copyPart(
  direction: 'take' | 'put',
  from: Tensor | undefined,
  to: Tensor,
  widths: readonly number[],
  index: number,
): Dispatch {
  const total = sum(widths);
  const offset = offsetsOf(widths)[index];
  const width = widths[index];
  const aligned = from !== undefined && [total, offset, width].every((n) => n % 4 === 0);
  const unit = aligned ? 4 : 1;
  const sizes = numbers(width / unit, total / unit, offset / unit);
  const workgroups = gridStride(
    (direction === 'take' ? to.size : (to.size / total) * width) / unit,
  );
  const common = { shader, constants: {}, workgroups };
  if (!from) return { ...common, entry: 'put_zero', bindings: { out: to, sizes } };
  return aligned
    ? { ...common, entry: `${direction}_vec4`, bindings: { source4: from, out4: to, sizes } }
    : { ...common, entry: direction, bindings: { source: from, out: to, sizes } };
}

/** Puts the parts' gradients side by side, zeros where no gradient flows. */
const backward: Op<{ widths: readonly number[]; present: readonly boolean[] }> = {
  name: 'splitBackward',
  infer: ([first], { widths }) => [[...first.slice(0, -1), sum(widths)]],
  cpu({ inputs, outputs: [out], params: { widths, present } }) {
    const total = sum(widths);
    const offsets = offsetsOf(widths);
    let next = 0;
    widths.forEach((width, p) => {
      if (!present[p]) return;
      const part = inputs[next++];
      for (let i = 0; i < part.length; i++) {
        out[Math.floor(i / width) * total + offsets[p] + (i % width)] = part[i];
      }
    });
  },
  gpu({ inputs, outputs: [out], params: { widths, present } }) {
    let next = 0;
    return widths.map((_, p) =>
      copyPart('put', present[p] ? inputs[next++] : undefined, out, widths, p),
    );
  },
  gradient: undefined,
};

const splitOp: Op<{ widths: readonly number[] }> = {
  name: 'split',
  infer([x], { widths }) {
    const width = x.at(-1);
    if (sum(widths) !== width || widths.some((n) => !Number.isInteger(n) || n < 1)) {
      throw new Error(
        `[split] expected positive widths that add up to the last of ${showShape(x)}, got ${widths.join(' + ')}`,
      );
    }
    return widths.map((n) => [...x.slice(0, -1), n]);
  },
  cpu({ inputs: [x], outputs, params: { widths } }) {
    const total = sum(widths);
    const offsets = offsetsOf(widths);
    outputs.forEach((out, p) => {
      for (let i = 0; i < out.length; i++) {
        out[i] = x[Math.floor(i / widths[p]) * total + offsets[p] + (i % widths[p])];
      }
    });
  },
  gpu: ({ inputs: [x], outputs, params: { widths } }) =>
    outputs.map((out, p) => copyPart('take', x, out, widths, p)),
  gradient({ inputs: [x], outputGradients, params: { widths } }) {
    const found = outputGradients.filter((gradient) => gradient !== undefined);
    const present = outputGradients.map((gradient) => gradient !== undefined);
    return x.graph.apply(backward, found, { widths, present });
  },
};

/**
 * Parts of the last dimension: x [..., W] to [..., widths[0]], [..., widths[1]], ...
 * @throws Error when the widths do not add up to W
 */
export function split(x: Tensor, widths: readonly number[]): Tensor[] {
  return x.graph.apply(splitOp, [x], { widths });
}
