// The numbers that the SSD kernels get lie in the order in which the shader declares them.

import { expect, test } from 'vitest';
import source from '../../shaders/ssd.wgsl?raw';
import type { Numbers } from '../autograd/op';
import { scratch } from '../autograd/op';
import { chunkState } from './ssdKernels';

test('a layer is bound field by field as the shader declares it', () => {
  const struct = /struct Layer \{([^}]*)\}/.exec(source)![1];
  const declared = [...struct.matchAll(/^\s*(\w+): u32,/gm)].map((match) => match[1]);
  const any = scratch(1);
  const { bindings } = chunkState(
    { B: 5, T: 7, H: 2, P: 3, N: 4 },
    { reverse: true, inputScale: 'dt', hasInitial: false },
    true,
    { values: any, bc: any, dt: any, a_log: any, d: any, new_states: any, new_sums: any },
  );
  const { values } = bindings.layer as Numbers;
  expect(Object.fromEntries(declared.map((field, i) => [field, values[i]]))).toEqual({
    heads: 2,
    head_dim: 3,
    d_state: 4,
    batches: 5,
    reversed: 1,
    scale_by_dt: 1,
    backward: 1,
    has_boundary: 0,
  });
  expect(values).toHaveLength(declared.length);
});
