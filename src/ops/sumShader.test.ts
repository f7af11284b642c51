// A shader that sums over lanes takes the form that the device has.

import { expect, test } from 'vitest';
import source from '../../shaders/layer_norm.wgsl?raw';
import { baseLevelDevice, testDevice } from '../gpu/testDevice';
import { defineSumShader } from './sumShader';

const shader = defineSumShader('layer_norm', source);

test('with subgroups of one size a workgroup is one subgroup; `enable` comes first and moves no line', () => {
  const { shader: form, constants } = shader(8);
  expect(constants).toEqual({ LANES: 8 });
  expect(form.code).toMatch(/^enable subgroups;/);
  expect(form.code).not.toContain('workgroupBarrier');
  expect(form.code.split('\n').indexOf(source.split('\n')[1])).toBe(1);
});

test('without them it sums in workgroup memory', () => {
  const { shader: form, constants } = shader(undefined);
  expect(constants).toEqual({});
  expect(form.code).not.toContain('enable');
  expect(form.code).toContain('workgroupBarrier');
});

test('a device says whether it has them; the base level never', async () => {
  const { device, subgroupSize } = await testDevice();
  if (device.features.has('subgroups'))
    expect([4, 8, 16, 32, 64, undefined]).toContain(subgroupSize);
  else expect(subgroupSize).toBeUndefined();
  expect((await baseLevelDevice()).subgroupSize).toBeUndefined();
});
