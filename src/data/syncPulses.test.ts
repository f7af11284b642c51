// Rising edges of sync pulses in made tables: noise, gaps, a high beginning, and what is refused.
import { describe, expect, test } from 'vitest';
import { joinFiles } from './formats/joinFiles';
import { inMemory } from './formats/madeFiles';
import { openFile } from './readers';
import { risingEdgesS } from './syncPulses';

const RATE_HZ = 64;
const START_S = 3;

async function opened(pulse: (i: number) => number | string) {
  const rows = Array.from({ length: 640 }, (_, i) =>
    [(START_S + i / RATE_HZ).toFixed(6), Math.sin(i / 9).toFixed(4), pulse(i)].join(','),
  );
  const text = `time,lfp 1,ttl\n${rows.join('\n')}`;
  return openFile(inMemory('made.csv', new TextEncoder().encode(text)));
}

const isHigh = (i: number) => i % 128 >= 64;
const EDGES_S = [64, 192, 320, 448, 576].map((i) => START_S + i / RATE_HZ);

describe('rising edges', () => {
  test.each<[string, (i: number) => number | string, number[]]>([
    ['a square pulse', (i) => (isHigh(i) ? 5 : 0), EDGES_S],
    ['noise on it', (i) => (isHigh(i) ? 5 : 0) + Math.sin(i * i), EDGES_S],
    ['a high beginning', (i) => (isHigh(i + 64) ? 5 : 0), [1, 2, 3, 4].map((n) => START_S + 2 * n)],
    ['a gap before a rise', (i) => (i > 54 && i < 64 ? '' : isHigh(i) ? 5 : 0), EDGES_S],
  ])('%s', async (_, pulse, wanted) => {
    expect(await risingEdgesS(await opened(pulse), 'ttl')).toEqual(wanted);
  });

  test('columns of one name are told apart by their series', async () => {
    const names = ['a.csv', 'b.csv'];
    const [a, b] = [
      await opened((i) => (isHigh(i) ? 5 : 0)),
      await opened((i) => (i > 319 ? 5 : 0)),
    ];
    const file = joinFiles([a, b].map((one, i) => ({ source: { name: names[i] }, file: one })));
    await expect(risingEdgesS(file, 'ttl')).rejects.toThrow(/which 2 of them have/);
    const paths = file.series.filter(({ columns }) => columns.includes('ttl'));
    expect(await risingEdgesS(file, `${paths[0].path}: ttl`)).toEqual(EDGES_S);
    expect(await risingEdgesS(file, `${paths[1].path}: ttl`)).toEqual([START_S + 5]);
  });

  test.each<[string, string, (i: number) => number, RegExp]>([
    ['a flat one', 'ttl', () => 1, /got none in its first 640 samples/],
    ['one that only falls', 'ttl', (i) => (i < 9 ? 5 : 0), /got none in its first/],
    ['another name', 'sync', (i) => (isHigh(i) ? 5 : 0), /which 0 of them have: choose one of "/],
  ])('refuses %s', async (_, name, pulse, message) => {
    await expect(risingEdgesS(await opened(pulse), name)).rejects.toThrow(message);
  });
});
