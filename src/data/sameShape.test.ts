// A choice goes to files that hold the same series, and to no others.
import { describe, expect, it } from 'vitest';
import type { SeriesInfo } from './formats/fileFormat';
import { type FileShape, isSameShape } from './sameShape';

const series = (path: string, columns: number): SeriesInfo => ({
  path,
  name: path.split('/').pop()!,
  kind: 'unknown',
  shape: [100, columns],
  rateHz: 1000,
  unit: '',
  columns: Array.from({ length: columns }, (_, c) => `c${c}`),
});
const mapping = { version: 1, lfp: { path: 'a/lfp' }, behaviour: [{ path: 'a/hand' }] } as const;
const fileOf = (format: string, ...all: SeriesInfo[]): FileShape => ({ format, series: all });
const first = fileOf('nwb', series('a/lfp', 8), series('a/hand', 2));

describe('isSameShape', () => {
  it.each([
    ['the same series', fileOf('nwb', series('a/hand', 2), series('a/lfp', 8)), true],
    ['other places, same names', fileOf('nwb', series('b/lfp', 8), series('b/hand', 2)), true],
    ['another format', fileOf('mat', series('a/lfp', 8), series('a/hand', 2)), false],
    ['fewer channels', fileOf('nwb', series('a/lfp', 7), series('a/hand', 2)), false],
    ['no behaviour', fileOf('nwb', series('a/lfp', 8)), false],
    [
      'a name that is there twice',
      fileOf('nwb', series('b/lfp', 8), series('c/lfp', 8), series('a/hand', 2)),
      false,
    ],
  ])('%s', (_, other, expected) => {
    expect(isSameShape(first, other, mapping)).toBe(expected);
  });

  it('asks for the chosen columns by their names', () => {
    const some = { ...mapping, lfp: { ...mapping.lfp, columns: ['c1', 'c7'] } };
    expect(isSameShape(first, first, some)).toBe(true);
    const columns = Array.from({ length: 8 }, (_, c) => `d${c}`);
    const renamed = fileOf('nwb', { ...series('a/lfp', 8), columns }, series('a/hand', 2));
    expect(isSameShape(first, renamed, some)).toBe(false);
    expect(isSameShape(first, renamed, mapping)).toBe(true);
  });
});
