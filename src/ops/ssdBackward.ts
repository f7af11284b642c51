// Gradient of the SSD layer.

import type { GradientCall, Op } from '../autograd/op';
import type { Tensor } from '../autograd/tensor';
import type { SsdParams } from './ssdShape';
import { type SsdBackwardParams, ssdBackwardTwin } from './ssdTwin';

const ssdBackwardOp: Op<SsdBackwardParams> = {
  name: 'ssdBackward',
  infer([x, dt, aLog, bc, d, states], { hasInitial }) {
    const [B, , H, P, N] = states;
    return [x, dt, aLog, bc, d, ...(hasInitial ? [[B, H, P, N]] : [])];
  },
  cpu: ssdBackwardTwin,
  gpu() {
    throw new Error(
      '[ssdBackward] expected the cpu device, got the gpu: its kernels are not written yet',
    );
  },
  gradient: undefined,
};

/** Gradient rule of ssd. */
export function ssdBackward({
  inputs,
  outputs,
  outputGradients,
  params,
}: GradientCall<SsdParams>): Tensor[] {
  const [x, dt, aLog, bc, d] = inputs;
  const [gradientY, gradientFinal] = outputGradients;
  const flowing = [gradientY, gradientFinal].filter((gradient) => gradient !== undefined);
  return x.graph.apply(ssdBackwardOp, [x, dt, aLog, bc, d, outputs[2], ...flowing], {
    ...params,
    throughY: gradientY !== undefined,
    throughFinalState: gradientFinal !== undefined,
  });
}
