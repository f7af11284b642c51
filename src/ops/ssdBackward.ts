// Gradient of the SSD layer: the chunked kernels once more, from the last chunk to the first.

import { type Dispatch, type GpuCall, type GradientCall, type Op, scratch } from '../autograd/op';
import type { Tensor } from '../autograd/tensor';
import {
  gradientBc,
  pairs,
  recordElements,
  scan,
  statesOfChunks,
  sumGradients,
} from './ssdKernels';
import { type SsdParams, ssdSizes } from './ssdShape';
import { type SsdBackwardParams, ssdBackwardTwin } from './ssdTwin';

function backwardDispatches({
  inputs,
  outputs,
  params,
  subgroupSize,
}: GpuCall<SsdBackwardParams>): Dispatch[] {
  const [x, dt, aLog, bc, d, states, scores, decays, gradient, gradientFinal] = inputs;
  const [dx, ddt, daLog, dbc, dd, dInitial] = outputs;
  const sizes = ssdSizes(x.shape, bc.shape);
  const layer = { sizes, params, subgroupSize };
  const { B, H, P, N } = sizes;
  const dStates = scratch(states.size);
  const record = scratch(recordElements(sizes));
  return [
    statesOfChunks(
      layer,
      { isBackward: true, hasBoundary: params.throughFinalState },
      {
        values: gradient,
        bc,
        decays,
        states,
        record,
        new_states: dStates,
        boundary: params.throughFinalState ? gradientFinal : states,
        new_boundary: dInitial ?? scratch(B * H * P * N),
      },
    ),
    scan(layer, true, {
      values: gradient,
      bc,
      d,
      states: dStates,
      decays,
      scores,
      out: dx,
    }),
    pairs(layer, { x, values: gradient, dt, a_log: aLog, scores, record }),
    gradientBc(layer, {
      x,
      values: gradient,
      bc,
      states,
      d_states: dStates,
      decays,
      record,
      out: dbc,
    }),
    sumGradients(layer, { record, dt, a_log: aLog, ddt, da_log: daLog, dd }),
  ];
}

const ssdBackwardOp: Op<SsdBackwardParams> = {
  name: 'ssdBackward',
  infer([x, dt, aLog, bc, d, states], { hasInitial }) {
    const [B, , H, P, N] = states;
    return [x, dt, aLog, bc, d, ...(hasInitial ? [[B, H, P, N]] : [])];
  },
  cpu: ssdBackwardTwin,
  gpu: backwardDispatches,
  gradient: undefined,
};

/** Gradient rule of ssd: by x, dt, aLog, bc, d and, if there is one, the initial state. */
export function ssdGradient({
  inputs,
  outputs,
  outputGradients,
  params,
}: GradientCall<SsdParams>): Tensor[] {
  const [x, dt, aLog, bc, d] = inputs;
  const [gradientY, gradientFinal] = outputGradients;
  const { graph } = x;
  const flowing = [
    gradientY ?? graph.constant('zero', x.shape, new Float32Array(x.size)),
    ...(gradientFinal ? [gradientFinal] : []),
  ];
  return graph.apply(ssdBackwardOp, [x, dt, aLog, bc, d, ...outputs.slice(2), ...flowing], {
    ...params,
    throughY: true,
    throughFinalState: gradientFinal !== undefined,
  });
}
