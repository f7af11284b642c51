// Gradient of the SSD layer: the chunked kernels once more, from the last chunk to the first.

import { type Dispatch, type GpuCall, type GradientCall, type Op, scratch } from '../autograd/op';
import type { Tensor } from '../autograd/tensor';
import {
  chunkState,
  dotsElements,
  gradientBc,
  scan,
  statePassing,
  sumGradients,
  sumsElements,
} from './ssdKernels';
import { type SsdParams, ssdSizes } from './ssdShape';
import { type SsdBackwardParams, ssdBackwardTwin } from './ssdTwin';

function backwardDispatches({ inputs, outputs, params }: GpuCall<SsdBackwardParams>): Dispatch[] {
  const [x, dt, aLog, bc, d, states, gradient, gradientFinal] = inputs;
  const [dx, ddt, daLog, dbc, dd, dInitial] = outputs;
  const sizes = ssdSizes(x.shape, bc.shape);
  const { B, H, P, N } = sizes;
  const sums = scratch(sumsElements(sizes));
  const dStates = scratch(states.size);
  const headsBc = scratch(H * dbc.size);
  const dots = scratch(dotsElements(sizes));
  return [
    chunkState(sizes, params, true, {
      values: gradient,
      bc,
      dt,
      a_log: aLog,
      d,
      new_states: dStates,
      new_sums: sums,
    }),
    statePassing(sizes, params, true, params.throughFinalState, {
      new_states: dStates,
      sums,
      boundary: params.throughFinalState ? gradientFinal : d,
      new_boundary: dInitial ?? scratch(B * H * P * N),
    }),
    scan(sizes, params, true, {
      x,
      values: gradient,
      bc,
      states: dStates,
      sums,
      out: dx,
      new_dots: dots,
    }),
    gradientBc(sizes, params, {
      x,
      values: gradient,
      bc,
      states,
      d_states: dStates,
      sums,
      new_heads_bc: headsBc,
      new_dots: dots,
    }),
    sumGradients(sizes, params, {
      heads_bc: headsBc,
      dots,
      dt,
      a_log: aLog,
      out: dbc,
      ddt,
      da_log: daLog,
      dd,
    }),
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
  return graph.apply(ssdBackwardOp, [x, dt, aLog, bc, d, outputs[2], ...flowing], {
    ...params,
    throughY: true,
    throughFinalState: gradientFinal !== undefined,
  });
}
