// Quality control: each fault is found and named, a clean recording has none, and real hum is seen and removed.
import { existsSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { gaussian } from '../base/rng';
import { applyMapping, proposeMapping } from './mapping';
import { assessQuality } from './quality';
import { openFile } from './readers';
import type { Session } from './session';

const RATE_HZ = 1000;
const WIDTH = 8;
const SECONDS = 30;
const FAULTY = 3;

/** A common slow signal and noise of each channel's own, without hum. */
function recording(fault: (value: number, sample: number) => number = (value) => value): Session {
  const sampleCount = RATE_HZ * SECONDS;
  const data = new Float32Array(sampleCount * WIDTH);
  for (let i = 0; i < sampleCount; i++) {
    const common = 50 * Math.sin((2 * Math.PI * 7 * i) / RATE_HZ);
    for (let c = 0; c < WIDTH; c++) {
      const value = common + 10 * gaussian(5, 1, c, i);
      data[i * WIDTH + c] = c === FAULTY ? fault(value, i) : value;
    }
  }
  return {
    id: '',
    name: 'made',
    subject: 'made',
    synthetic: true,
    lfp: {
      rateHz: RATE_HZ,
      startS: 0,
      sampleCount,
      names: Array.from({ length: WIDTH }, (_, c) => `e${c}`),
      units: new Array<string>(WIDTH).fill('uV'),
      data,
    },
    bands: ['raw'],
    alreadyFrames: false,
    warnings: [],
  };
}

test('a clean recording gives no suggestion (control)', () => {
  const { suggestions, proposedMask, notes, channels } = assessQuality(recording());
  expect(suggestions).toEqual([]);
  expect([...proposedMask]).toEqual(new Array(WIDTH).fill(1));
  expect(notes).toEqual(['No mains hum stands out.', 'No channel looks broken.']);
  expect(channels.every(({ neighbourCorrelation }) => neighbourCorrelation > 0.8)).toBe(true);
});

const clip = (value: number) => Math.max(-40, Math.min(40, value));

describe('a fault in one channel is found and named', () => {
  test.each<[string, (value: number, sample: number) => number, RegExp]>([
    [
      'missing samples',
      (v, i) => (i % 10 === 0 ? Number.NaN : v),
      /10\.0 % of its samples are missing/,
    ],
    ['a flat stretch', (v, i) => (i > 5000 && i < 8000 ? 12 : v), /stands still for 3\.0 s on end/],
    ['dead', () => 0, /stands still for 30\.0 s/],
    ['saturation', clip, /% of its samples stand at its lowest or highest value/],
    ['large swings', (v) => 12 * v, /swings 12\.\d times as far/],
    ['small swings', (v) => 0.05 * v, /swings only 0\.050 times as far/],
    [
      'its own signal',
      (_, i) => 36 * gaussian(9, 2, 0, i),
      /correlates with its neighbours by -?0\.0/,
    ],
    [
      'hum that drifts out of the notch',
      (v, i) => v + 30 * Math.sin((2 * Math.PI * 50.8 * i) / RATE_HZ),
      /Even behind the notch its 50 Hz hum/,
    ],
  ])('%s', (_, fault, reason) => {
    const session = recording(fault);
    const { suggestions, proposedMask } = assessQuality(session, { mainsHz: 50 });
    expect(suggestions.map(({ channel }) => channel)).toEqual([FAULTY]);
    expect(suggestions[0].reasons.join(' ')).toMatch(reason);
    expect([...proposedMask].indexOf(0)).toBe(FAULTY);
    expect(session.channelMask).toBeUndefined();
  });
});

describe('hum in every channel is named, not dropped, and the notch that is set is judged', () => {
  const humming = recording();
  const { data } = humming.lfp;
  for (let i = 0; i < data.length; i++) {
    data[i] += 5 * Math.sin((2 * Math.PI * 60 * Math.floor(i / WIDTH)) / RATE_HZ);
  }
  const hum = 'There is 60 Hz hum: in the median channel [\\d.]+ times the power beside it';
  test.each<[0 | 50 | 60, string, boolean]>([
    [0, `${hum}, and no notch is set; a 60 Hz notch would leave 0\\.\\d\\d times\\.`, false],
    [
      50,
      `${hum}, still [\\d.]+ times behind the 50 Hz notch that is set; a 60 Hz notch would leave 0\\.\\d\\d times\\.`,
      false,
    ],
    [60, `${hum}, 0\\.\\d\\d times behind the 60 Hz notch that is set\\.`, true],
  ])('%i Hz', (notchHz, text, isTaken) => {
    const { suggestions, notes, channels } = assessQuality(humming, { notchHz });
    expect(suggestions).toEqual([]);
    expect(notes[0]).toMatch(new RegExp(`^${text}$`));
    for (const { lineNoise } of channels) {
      expect(lineNoise.mainsHz).toBe(60);
      expect(lineNoise.ratio).toBeGreaterThan(10);
      expect(lineNoise.ratioAfterNotch).toBeLessThan(2);
      expect(lineNoise.ratioAsSet < 2).toBe(isTaken);
    }
  });
});

describe('a long recording is judged by a minute of it', () => {
  const long = recording();
  const { lfp } = long;
  const repeats = 10;
  const data = new Float32Array(repeats * lfp.data.length);
  for (let r = 0; r < repeats; r++) data.set(lfp.data, r * lfp.data.length);
  // Still for 3 s, between two of the twelve stretches of 5 s.
  for (let i = 8000; i < 11_000; i++) data[i * WIDTH + FAULTY] = 12;
  const session: Session = {
    ...long,
    lfp: { ...lfp, data, sampleCount: repeats * lfp.sampleCount },
  };

  test('and says so', () => {
    const { suggestions, notes } = assessQuality(session);
    expect(suggestions).toEqual([]);
    expect(notes.at(-1)).toBe('Judged by 60 s spread over 300 s.');
  });

  test('unless all of it is asked for', () => {
    const { suggestions, notes } = assessQuality(session, { isWhole: true });
    expect(suggestions.map(({ channel }) => channel)).toEqual([FAULTY]);
    expect(notes.join()).not.toMatch(/Judged/);
  });
});

describe('frames are not judged as samples', () => {
  /** Counts of units of very different activity, in spikes per second of 50 ms bins; half of them mostly silent. */
  const frames = (value: (channel: number, frame: number) => number): Session => {
    const sampleCount = 20 * 120;
    const data = Float32Array.from({ length: sampleCount * WIDTH }, (_, i) =>
      value(i % WIDTH, Math.floor(i / WIDTH)),
    );
    const { lfp, ...rest } = recording();
    return { ...rest, alreadyFrames: true, lfp: { ...lfp, rateHz: 20, sampleCount, data } };
  };
  const counts = frames((channel, frame) => {
    const drive = gaussian(3, 1, channel, frame) - (channel % 2 ? 1.8 : 0);
    return 20 * Math.max(0, Math.round(2 * drive));
  });

  test('counts: silence is no fault', () => {
    const { suggestions, notes, channels } = assessQuality(counts);
    expect(suggestions).toEqual([]);
    expect(notes[0]).toMatch(
      /^These are counts at 20 Hz, not samples: .* none of these is judged\.$/,
    );
    for (const { flatS, saturated, lineNoise, neighbourCorrelation } of channels) {
      expect([flatS, saturated, lineNoise.ratio, neighbourCorrelation]).toEqual(
        new Array(4).fill(Number.NaN),
      );
    }
  });

  test('the same values as samples would be (control)', () => {
    const { suggestions } = assessQuality({ ...counts, alreadyFrames: false });
    expect(suggestions.length).toBeGreaterThan(WIDTH / 4);
  });

  test('features that stand still are named, whatever their neighbours do', () => {
    const session = frames((channel, frame) =>
      channel === FAULTY && frame >= 600 && frame < 700 ? 0.5 : gaussian(4, 1, channel, frame),
    );
    const { suggestions, notes } = assessQuality(session);
    expect(suggestions.map(({ channel, reasons }) => [channel, ...reasons])).toEqual([
      [FAULTY, 'It stands still for 5.0 s on end.'],
    ]);
    expect(notes[0]).toMatch(/^These are frames at 20 Hz, not samples: .* neither is judged\.$/);
  });
});

test('recorded gaps are no fault of a channel', () => {
  const paused = recording();
  paused.lfp.data.fill(Number.NaN, 12_000 * WIDTH, 18_000 * WIDTH);
  const gaps = [{ startSample: 12_000, endSample: 18_000 }];
  const { suggestions } = assessQuality({ ...paused, lfp: { ...paused.lfp, gaps } });
  expect(suggestions).toEqual([]);
});

const ECOG = join(__dirname, '../../../shared/data/monkey-ecog/monkey_ecog_64ch_1kHz.nwb');

test.skipIf(!existsSync(ECOG))(
  'monkey-ecog shows its 50 Hz hum and loses it with the notch (skipped without shared/data)',
  async () => {
    const descriptor = openSync(ECOG, 'r');
    const file = await openFile({
      name: 'monkey_ecog_64ch_1kHz.nwb',
      path: ECOG,
      byteLength: statSync(ECOG).size,
      async slice(start, end) {
        const bytes = new Uint8Array(end - start);
        return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, start));
      },
    });
    const session = await applyMapping(file, proposeMapping(file).mapping);
    file.close();
    const { channels, suggestions, notes } = assessQuality(session, { notchHz: 50 });
    const before = assessQuality(session, { notchHz: 60 }).notes;
    const ratios = channels.map(({ lineNoise }) => lineNoise);
    console.log([...before.slice(0, 1), ...notes].join('\n'));
    console.log(suggestions.map(({ name, reasons }) => `${name}: ${reasons.join(' ')}`).join('\n'));
    expect(ratios.every(({ mainsHz }) => mainsHz === 50)).toBe(true);
    const humming = ratios.filter(({ ratio }) => ratio > 3);
    expect(humming.length).toBeGreaterThan(channels.length / 2);
    for (const { ratioAfterNotch } of ratios) expect(ratioAfterNotch).toBeLessThan(1.5);
    expect(notes[0]).toMatch(/^There is 50 Hz hum: .* behind the 50 Hz notch that is set\.$/);
    expect(before[0]).toMatch(
      /^There is 50 Hz hum: .*, still [\d.]+ times behind the 60 Hz notch that is set; a 50 Hz notch would leave [\d.]+ times\.$/,
    );
    for (const { ratioAsSet, ratioAfterNotch } of ratios) expect(ratioAsSet).toBe(ratioAfterNotch);
  },
);
