// Presets as listed for the page, and a person's changes put into them.
import { describe, expect, it } from 'vitest';
import { PRESETS, presetOf } from '../train/settings';
import { optimiserOf, presetInfos, presetWith } from './settings';
import type { Overrides } from './trainingApi';

describe('presetInfos', () => {
  it('lists every preset with a value that each setting allows', () => {
    const infos = presetInfos();
    expect(infos.map(({ name }) => name)).toEqual(PRESETS.map(({ id }) => id));
    for (const { settings } of infos) {
      for (const setting of Object.values(settings).flat()) {
        const { kind, name, value } = setting;
        if (kind === 'choice') {
          expect(setting.choices.map((choice) => choice.value)).toContain(value);
          continue;
        }
        expect(value, name).toBeGreaterThanOrEqual(setting.minimum);
        expect(value, name).toBeLessThanOrEqual(setting.maximum);
        if (setting.isInteger) expect(Number.isInteger(value), name).toBe(true);
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

  it.each([
    ['teacher', 'pretrain'],
    ['student', 'distil'],
    ['finetune', 'finetune'],
  ] as const)('puts the precision of %s into its settings alone', (stage, key) => {
    const nano = presetOf('nano');
    const choice = presetInfos()
      .find(({ name }) => name === 'nano')!
      .settings[stage].find(({ name }) => name === 'precision');
    expect(choice).toMatchObject({ value: 'f32', choices: [{ value: 'f32' }, { value: 'mixed' }] });
    const mixed = presetWith('nano', stage, { precision: 'mixed', epochs: 3 });
    expect(mixed).toEqual({ ...nano, [key]: { ...nano[key], precision: 'mixed', epochs: 3 } });
    expect(optimiserOf(mixed, stage)).toBe(mixed[key]);
  });

  const refused: { overrides: Overrides; message: string }[] = [
    { overrides: { epochs: 0 }, message: 'expected epochs from 1' },
    { overrides: { epochs: Number.NaN }, message: 'expected epochs from 1' },
    { overrides: { epochs: '3' }, message: 'expected epochs from 1' },
    { overrides: { alignment: 1 }, message: 'expected alignment to be a setting' },
    { overrides: { precision: 'f16' }, message: 'expected precision f32 or mixed, got f16' },
  ];
  it.each(refused)('refuses $overrides', ({ overrides, message }) => {
    expect(() => presetWith('nano', 'teacher', overrides)).toThrow(message);
  });
});
