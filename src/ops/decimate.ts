// Low-pass filtering and decimation of many channels, block after block: the heavy part of bringing broadband to
// the rate of field potentials.

import source from '../../shaders/decimate.wgsl?raw';
import { numbers, type Op } from '../autograd/op';
import { type Shape, sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';

const shader = defineShader('decimate', source);

const SECTIONS = 4;
const CHANNELS_PER_WORKGROUP = 16;

/** Numbers of state per channel: two integrators per section, the last finite value, the first one, 1 once known. */
export const DECIMATE_STATE = 2 * SECTIONS + 3;

interface Params {
  /** Samples per kept one. */
  readonly factor: number;
}

const decimateOp: Op<Params> = {
  name: 'decimate',
  infer([samples, state, sections], { factor }) {
    const [count, channels] = samples;
    if (samples.length !== 2 || !Number.isInteger(factor) || count % factor !== 0) {
      throw new Error(
        `[decimate] expected samples [n, C] with n a multiple of ${factor}, got ${showShape(samples)}`,
      );
    }
    const wanted: Shape[] = [
      [channels, DECIMATE_STATE],
      [SECTIONS, 3],
    ];
    if (!sameShape(state, wanted[0]) || !sameShape(sections, wanted[1])) {
      throw new Error(
        `[decimate] expected state ${showShape(wanted[0])} and sections ${showShape(wanted[1])}, ` +
          `got ${showShape(state)} and ${showShape(sections)}`,
      );
    }
    return [[count / factor, channels], state];
  },
  cpu({ inputs: [samples, state, sections], outputs: [kept, nextState], inputShapes, params }) {
    const [count, channels] = inputShapes[0];
    nextState.set(state);
    for (let c = 0; c < channels; c++) {
      const own = nextState.subarray(c * DECIMATE_STATE, (c + 1) * DECIMATE_STATE);
      const [heldAt, originAt, knownAt] = [2 * SECTIONS, 2 * SECTIONS + 1, 2 * SECTIONS + 2];
      own[knownAt] = own[knownAt] > 0.5 ? 1 : 0;
      for (let i = 0; i < count; i++) {
        const value = samples[i * channels + c];
        const isHere = Number.isFinite(value);
        if (isHere && own[knownAt] === 0) own[originAt] = value;
        if (isHere) own[heldAt] = value;
        if (isHere) own[knownAt] = 1;
        let x = own[knownAt] === 1 ? own[heldAt] - own[originAt] : 0;
        for (let s = 0; s < SECTIONS; s++) x = filterOnce(sections, own, s, x);
        if (i % params.factor !== 0) continue;
        kept[(i / params.factor) * channels + c] = isHere ? x + own[originAt] : Number.NaN;
      }
    }
  },
  gpu({ inputs: [samples, state, sections], outputs: [kept, nextState], params }) {
    const [count, channels] = samples.shape;
    return [
      {
        shader,
        entry: 'decimate',
        constants: {},
        bindings: {
          sizes: numbers(count, channels, params.factor),
          samples,
          state,
          sections,
          kept,
          next_state: nextState,
        },
        workgroups: [Math.ceil(channels / CHANNELS_PER_WORKGROUP), 1, 1],
      },
    ];
  },
  gradient: undefined,
};

/** One sample through section s; its integrators lie in the state. */
function filterOnce(sections: Float64Array, state: Float64Array, s: number, x: number): number {
  const [through, across, direct] = sections.subarray(3 * s, 3 * s + 3);
  const first = state[2 * s];
  const second = state[2 * s + 1];
  const band = through * first + across * (x - second);
  const low = second + across * first + direct * (x - second);
  state[2 * s] = 2 * band - first;
  state[2 * s + 1] = 2 * low - second;
  return low;
}

/**
 * Every factor-th value of four low-pass sections in a row, each a trapezoidal state-variable filter (Zavalishin,
 * The Art of VA Filter Design, section 3.10). A non-finite sample repeats the channel's last finite one, and is NaN where
 * it would be kept; filters see values less the channel's first.
 * @param samples [n, C], n a multiple of the factor
 * @param state [C, DECIMATE_STATE], zeros at the start
 * @param sections [4, 3]: with g the tangent of half the corner's angle per sample and k the damping,
 *   1 / (1 + g (g + k)), then that times g, then times g again
 * @returns [n / factor, C], and the state after the block
 */
export function decimate(
  samples: Tensor,
  state: Tensor,
  sections: Tensor,
  factor: number,
): [kept: Tensor, nextState: Tensor] {
  const [kept, nextState] = samples.graph.apply(decimateOp, [samples, state, sections], { factor });
  return [kept, nextState];
}
