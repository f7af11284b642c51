// References and band powers: what they make of known signals, and what they refuse.
import { describe, expect, test } from 'vitest';
import { createRealtimeFrontEnd, type RealtimeFrontEndOptions } from './realtime';
import { createReference } from './reference';

const BASE: RealtimeFrontEndOptions = {
  inputRateHz: 1000,
  frameRateHz: 100,
  channelCount: 4,
  reference: 'none',
};
const NAMES = ['LFP1', 'LFP2', 'LFP3', 'LFP4'];

describe('bipolar reference', () => {
  test.each([
    ['all used', undefined, [1, 1, 1, 0], ['LFP1-LFP2', 'LFP2-LFP3', 'LFP3-LFP4', 'LFP4']],
    [
      'a rejected channel is skipped',
      [1, 0, 1, 1],
      [1, 0, 1, 0],
      ['LFP1-LFP3', 'LFP2', 'LFP3-LFP4', 'LFP4'],
    ],
    ['two left', [0, 1, 0, 1], [0, 1, 0, 0], ['LFP1', 'LFP2-LFP4', 'LFP3', 'LFP4']],
  ])('%s', (_, mask, outputs, names) => {
    const reference = createReference('bipolar', 4, mask && Float32Array.from(mask));
    expect([...reference.mask]).toEqual(outputs);
    expect(NAMES.map((_name, c) => reference.nameOf(c, NAMES))).toEqual(names);
    const rows = Float64Array.of(1, 20, 300, 4000, 5, 60, 700, 8000);
    reference.apply(rows);
    const row = ([a, b, c, d]: number[]) => {
      if (!mask) return [a - b, b - c, c - d, 0];
      return mask[0] ? [a - c, 0, c - d, 0] : [0, b - d, 0, 0];
    };
    expect([...rows]).toEqual([...row([1, 20, 300, 4000]), ...row([5, 60, 700, 8000])]);
  });

  test('one channel makes no pair', () => {
    expect(() => createReference('bipolar', 2, Float32Array.of(0, 1))).toThrow(
      /^\[reference\] expected at least two channels in use for a bipolar reference, got 1: /,
    );
  });
});

/** Sines of an amplitude and frequency per channel, 4 s. */
function sines(waves: readonly (readonly [amplitude: number, hz: number])[]): Float32Array {
  const data = new Float32Array(4000 * waves.length);
  for (let i = 0; i < data.length; i++) {
    const [amplitude, hz] = waves[i % waves.length];
    const second = Math.floor(i / waves.length) / 1000;
    data[i] = amplitude * Math.sin(2 * Math.PI * hz * second);
  }
  return data;
}

describe('band powers', () => {
  const POWERS = {
    ...BASE,
    powerBandsHz: [
      [8, 13],
      [13, 30],
      [30, 70],
      [70, 150],
    ],
  } as const;
  /** Ripple of the squared wave behind the smoothing: at 20 Hz and up at most 1 / (2 pi 20 Hz 0.05 s). */
  const RIPPLE = 0.2;

  test('the log of half the squared amplitude, in the band of the wave', () => {
    const frontEnd = createRealtimeFrontEnd(POWERS);
    expect(frontEnd.bandCount).toBe(5);
    const frames = frontEnd.push(
      sines([
        [10, 10.2],
        [4, 20],
        [2, 46],
        [0.5, 100],
      ]),
    );
    expect(frames.length).toBe(400 * 4 * 5);
    const last = frames.subarray(399 * 20);
    [10, 4, 2, 0.5].forEach((amplitude, c) => {
      const powers = [...last.subarray(5 * c + 1, 5 * c + 5)];
      expect(Math.abs(powers[c] - Math.log(amplitude ** 2 / 2))).toBeLessThan(RIPPLE);
      // Control: the neighbouring bands hold less than a fifth of it.
      const others = powers.filter((_, b) => b !== c);
      expect(Math.max(...others)).toBeLessThan(powers[c] - Math.log(5));
    });
  });

  test('the LFP beside them is the LFP alone', () => {
    const data = sines([
      [10, 3],
      [4, 20],
      [2, 7],
      [5, 11],
    ]);
    const alone = createRealtimeFrontEnd(BASE).push(data);
    const beside = createRealtimeFrontEnd(POWERS).push(data);
    expect(beside.filter((_, i) => i % 5 === 0)).toEqual(alone);
  });

  test('the reference comes before the square: a common wave leaves no power', () => {
    const common = sines(new Array(4).fill([10, 20]));
    for (const reference of ['average', 'bipolar'] as const) {
      const frames = createRealtimeFrontEnd({ ...POWERS, reference }).push(common);
      const power = frames[399 * 20 + 2];
      expect(power).toBeLessThan(Math.log(1e-9));
    }
    const unreferenced = createRealtimeFrontEnd(POWERS).push(common);
    expect(unreferenced[399 * 20 + 2]).toBeGreaterThan(Math.log(40));
  });

  test('a rejected channel holds zeros in every band', () => {
    const channelMask = Float32Array.of(1, 1, 0, 1);
    const frames = createRealtimeFrontEnd({ ...POWERS, channelMask }).push(
      sines([
        [1, 10],
        [1, 10],
        [1, 10],
        [1, 10],
      ]),
    );
    expect(frames.every((value, i) => Math.floor((i % 20) / 5) !== 2 || value === 0)).toBe(true);
  });

  test.each([
    [500, 150, 300],
    [1000, 30, 13],
    [1000, 0, 4],
  ])('at %i Hz a band of %i to %i Hz is refused', (inputRateHz, lowHz, highHz) => {
    expect(() =>
      createRealtimeFrontEnd({ ...BASE, inputRateHz, powerBandsHz: [[lowHz, highHz]] }),
    ).toThrow(
      `[band power] expected a band between 0 and ${0.4 * inputRateHz} Hz (0.4 of the ${inputRateHz}.0 Hz sampled), ` +
        `got ${lowHz}-${highHz} Hz: choose a lower band`,
    );
  });
});
