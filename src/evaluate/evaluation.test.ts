// The printed table: every number with its conditions, and names that could break it.
import { expect, it } from 'vitest';
import { type Evaluation, formatEvaluations } from './evaluation';

const ridge: Evaluation = {
  model: 'ridge',
  score: {
    outputs: [
      { name: 'Fx', unit: 'N', r2: 0.87, r: 0.933 },
      { name: 'Fy', unit: 'N', r2: undefined, r: undefined },
    ],
    meanR2: 0.87,
    combinedR2: 0.8,
    meanR: 0.933,
    frames: 4800,
  },
  split: 'contiguous 72/8/20',
  frontEnd: 'realtime',
  seed: 42,
  adapter: 'cpu (float64)',
  settings: { lagFrames: 10, alpha: 100 },
  trainedAt: '2026-01-02T03:04:05.000Z',
  synthetic: false,
};

it('prints one aligned row per evaluation and its record', () => {
  const student = { ...ridge, model: 'student', synthetic: true };
  expect(formatEvaluations([ridge, student]).split('\n')).toEqual([
    '| model               | mean R2 | R2               | mean r | r                | combined R2 | frames | split              | front end |',
    '|---------------------|---------|------------------|--------|------------------|-------------|--------|--------------------|-----------|',
    '| ridge               | 0.870   | Fx 0.870, Fy n/a | 0.933  | Fx 0.933, Fy n/a | 0.800       | 4800   | contiguous 72/8/20 | realtime  |',
    '| student (synthetic) | 0.870   | Fx 0.870, Fy n/a | 0.933  | Fx 0.933, Fy n/a | 0.800       | 4800   | contiguous 72/8/20 | realtime  |',
    '',
    '- ridge: seed 42, adapter cpu (float64), lagFrames 10, alpha 100, 2026-01-02T03:04:05.000Z',
    '- student (synthetic): seed 42, adapter cpu (float64), lagFrames 10, alpha 100, 2026-01-02T03:04:05.000Z',
  ]);
});

it('keeps names from breaking the table', () => {
  const [header, rule, row] = formatEvaluations([{ ...ridge, model: 'a|b\nc' }]).split('\n');
  expect(row.split('|').length).toBe(header.split('|').length);
  expect(rule.length).toBe(header.length);
  expect(row).toContain('a/b c');
});

it('says so when there is nothing', () => {
  expect(formatEvaluations([])).toBe('No evaluations yet.');
});
