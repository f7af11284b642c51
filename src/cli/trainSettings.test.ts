// The options that change a preset.

import { expect, test } from 'vitest';
import { parseOptions, UsageError } from './options';
import { presetFrom, SETTING_OPTIONS } from './trainSettings';

const precisions = (...args: string[]) => {
  const { pretrain, distil, finetune } = presetFrom(parseOptions(SETTING_OPTIONS, args));
  return [pretrain, distil, finetune].map(({ precision }) => precision);
};

test.each([
  [[], 'f32'],
  [['--precision', 'f32'], 'f32'],
  [['--precision', 'mixed'], 'mixed'],
  [['--preset', 'realm-v2', '--precision', 'mixed'], 'mixed'],
])('%j trains every stage in one precision', (args, precision) => {
  expect(precisions(...args)).toEqual([precision, precision, precision]);
});

test('another precision is refused', () => {
  expect(() => precisions('--precision', 'f16')).toThrow(UsageError);
});
