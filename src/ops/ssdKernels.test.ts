// The numbers that the SSD kernels get lie in the order in which the shader declares them.

import { expect, test } from 'vitest';
import source from '../../shaders/ssd.wgsl?raw';
import { LAYER_FIELDS } from './ssdKernels';

test('the fields of a layer are those of the shader, in its order', () => {
  const struct = /struct Layer \{([^}]*)\}/.exec(source)![1];
  const declared = [...struct.matchAll(/^\s*(\w+): u32,/gm)].map((match) => match[1]);
  expect(declared[0]).toBe('heads');
  expect([...LAYER_FIELDS]).toEqual(declared);
});
