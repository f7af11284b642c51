// The numbers that the SSD kernels get lie in the order in which the shader declares them.

import { expect, test } from 'vitest';
import source from '../../shaders/common/ssd.wgsl?raw';
import { layerOf } from './ssdKernels';

test('a layer is bound field by field as the shader declares it', () => {
  const struct = /struct Layer \{([^}]*)\}/.exec(source)![1];
  const declared = [...struct.matchAll(/^\s*(\w+): u32,/gm)].map((match) => match[1]);
  const { values } = layerOf(
    { B: 6, T: 7, H: 2, P: 12, N: 16 },
    { directions: 2, inputScale: 'dt', hasInitial: false },
    { isBackward: true },
  );
  expect(Object.fromEntries(declared.map((field, i) => [field, values[i]]))).toEqual({
    frames: 7,
    heads: 2,
    head_dim: 3,
    d_state: 4,
    batch_entries: 3,
    scale_by_dt: 1,
    backward: 1,
    has_boundary: 0,
  });
  expect(values).toHaveLength(declared.length);
});
