// Proof of the SSD layer: chunked kernels against the plain recurrence.

import { ssd } from './ssd';
import { testOp } from './testOp';

const FRAMES = [1, 2, 63, 64, 65];

/** Each row is compiled once; frames, batch, decays and initial state are drawn afresh for every case. */
const LAYERS = [
  { H: 1, P: 1, N: 1, reverse: false, inputScale: 'one', chunkLength: undefined },
  { H: 2, P: 8, N: 8, reverse: true, inputScale: 'one', chunkLength: undefined },
  { H: 4, P: 5, N: 7, reverse: false, inputScale: 'dt', chunkLength: 32 },
  { H: 3, P: 16, N: 13, reverse: true, inputScale: 'dt', chunkLength: undefined },
  { H: 2, P: 32, N: 16, reverse: false, inputScale: 'one', chunkLength: undefined },
  { H: 1, P: 64, N: 64, reverse: true, inputScale: 'one', chunkLength: undefined },
  { H: 1, P: 3, N: 2, reverse: false, inputScale: 'dt', chunkLength: 7 },
  { H: 2, P: 10, N: 6, reverse: false, inputScale: 'one', chunkLength: 50 },
  { H: 1, P: 67, N: 4, reverse: true, inputScale: 'dt', chunkLength: 16 },
  { H: 1, P: 2, N: 70, reverse: false, inputScale: 'one', chunkLength: 64 },
] as const;

testOp('ssd', {
  cases(draw, i) {
    const { H, P, N, ...options } = LAYERS[i % LAYERS.length];
    const longest = P * N > 256 ? 70 : 130;
    const T = i < 30 ? FRAMES[(i + Math.floor(i / 10)) % FRAMES.length] : draw.integer(1, longest);
    const B = draw.integer(1, 2);
    const hasInitial = draw.pick([false, true]);
    const dtScale = draw.pick([1e-3, 0.1, 1, 10]);
    return {
      label: `dt ${dtScale} ${JSON.stringify(options)}`,
      inputs: [
        [B, T, H, P],
        [B, T, H],
        [H],
        [B, T, 2 * N],
        [H],
        ...(hasInitial ? [[B, H, P, N]] : []),
      ],
      differentiable: [false, false, false, false, false, false],
      build([x, dt, aLog, bc, d, initialState]) {
        const { y, finalState } = ssd({ x, dt, aLog, bc, d, initialState, ...options });
        return [y, finalState];
      },
      sample: (input, z) => (input === 1 ? Math.min(30, dtScale * Math.exp(2 * z)) : z),
    };
  },
});
