// Presets as listed for the page, and a person's changes put into them.
import { describe, expect, it } from 'vitest';
import { PRESETS, presetOf } from '../train/settings';
import { presetInfos, presetWith } from './settings';

describe('presetInfos', () => {
  it('lists every preset with a number inside its bounds for every setting', () => {
    const infos = presetInfos();
    expect(infos.map(({ name }) => name)).toEqual(PRESETS.map(({ id }) => id));
    for (const { settings } of infos) {
      for (const { name, value, minimum, maximum, isInteger } of Object.values(settings).flat()) {
        expect(value, name).toBeGreaterThanOrEqual(minimum);
        expect(value, name).toBeLessThanOrEqual(maximum);
        if (isInteger) expect(Number.isInteger(value), name).toBe(true);
      }
    }
  });
});

describe('presetWith', () => {
  it.each(['teacher', 'student', 'finetune'] as const)(
    'without changes is the preset (%s)',
    (stage) => {
      expect(presetWith('nano', stage, {})).toEqual(presetOf('nano'));
    },
  );

  it('puts a change where its stage reads it, and nowhere else', () => {
    const nano = presetOf('nano');
    const teacher = presetWith('nano', 'teacher', { epochs: 3, maskFraction: 0.5 });
    expect(teacher.pretrain).toEqual({ ...nano.pretrain, epochs: 3, maskFraction: 0.5 });
    expect({ ...teacher, pretrain: nano.pretrain }).toEqual(nano);
    const student = presetWith('nano', 'student', { task: 0, learningRate: 0.01 });
    expect(student.distil.weights).toEqual({ ...nano.distil.weights, task: 0 });
    expect(student.distil.learningRate).toBe(0.01);
    expect(Object.keys(student.distil).sort()).toEqual(Object.keys(nano.distil).sort());
    expect(presetWith('nano', 'finetune', { patience: 2 }).finetune.patience).toBe(2);
  });

  const refused: { overrides: Record<string, number>; message: string }[] = [
    { overrides: { epochs: 0 }, message: 'expected epochs from 1' },
    { overrides: { epochs: Number.NaN }, message: 'expected epochs from 1' },
    { overrides: { alignment: 1 }, message: 'expected alignment to be a setting' },
  ];
  it.each(refused)('refuses $overrides', ({ overrides, message }) => {
    expect(() => presetWith('nano', 'teacher', overrides)).toThrow(message);
  });
});
