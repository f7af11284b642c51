// The form that a device gets, and how many invocations a row of tiles then takes.

import { expect, test } from 'vitest';
import { defineTileShader } from './tileShader';

const tileShader = defineTileShader('test', '');

test.each([
  { subgroupSize: undefined, sharing: undefined, of5: 5, of8: 8 },
  { subgroupSize: 4, sharing: 4, of5: 8, of8: 8 },
  { subgroupSize: 8, sharing: 8, of5: 8, of8: 8 },
  { subgroupSize: 32, sharing: 4, of5: 8, of8: 8 },
])('subgroups of $subgroupSize: $sharing lanes share their rows', (row) => {
  const { of, padded } = tileShader(row.subgroupSize);
  expect(of.constants.SHARING).toBe(row.sharing);
  expect(of.shader.code.includes('enable subgroups')).toBe(row.sharing !== undefined);
  expect([padded(5), padded(8)]).toEqual([row.of5, row.of8]);
});

test('directives stand on the first line of the form for subgroups', () => {
  const [first] = tileShader(4).of.shader.code.split('\n');
  expect(first).toBe('enable subgroups; diagnostic(off, subgroup_uniformity);');
});
