// Mappings are found again for files of the same shape, after a restart, newest first, and for no others.
import { describe, expect, it } from 'vitest';
import type { Mapping } from '../data/mapping';
import type { FileShape } from '../data/sameShape';
import { MappingShelf } from './mappingShelf';
import { memoryFolder } from './storage';

const shape = (place: string, width = 4, format = 'nwb'): FileShape => ({
  format,
  series: ['lfp', 'hand'].map((name) => ({
    path: `${place}/${name}`,
    name,
    columns: Array.from({ length: width }, (_, c) => `c${c}`),
  })),
});

const mapping = (place: string, gain?: number): Mapping => ({
  version: 1,
  lfp: { path: `${place}/lfp`, ...(gain !== undefined && { gain }) },
  behaviour: [{ path: `${place}/hand` }],
});

async function shelved(...all: [FileShape, Mapping, string][]) {
  const folder = memoryFolder();
  const shelf = new MappingShelf(folder);
  for (const one of all) await shelf.remember(...one);
  const restored = new MappingShelf(folder);
  await restored.restore();
  return restored;
}

describe('MappingShelf', () => {
  it.each<[string, FileShape, Mapping, unknown]>([
    ['the same places', shape('a'), mapping('a'), { mapping: mapping('a', -1), from: 'day 1' }],
    [
      'other places, same names',
      shape('b'),
      mapping('b'),
      { mapping: mapping('b', -1), from: 'day 1' },
    ],
    ['another width', shape('a', 5), mapping('a'), undefined],
    ['another format', shape('a', 4, 'mat'), mapping('a'), undefined],
    ['a proposal that says it already', shape('a'), mapping('a', -1), undefined],
  ])('%s', async (_, file, proposal, expected) => {
    const shelf = await shelved([shape('a'), mapping('a', -1), 'day 1']);
    expect(shelf.find(file, proposal)).toEqual(expected);
  });

  it('gives the newest, and forgets what it replaced', async () => {
    const shelf = await shelved(
      [shape('a'), mapping('a', 2), 'day 1'],
      [shape('b'), mapping('b', 3), 'day 2'],
      [shape('a', 5), mapping('a', 7), 'wide'],
    );
    expect(shelf.find(shape('a'), mapping('a'))).toEqual({
      mapping: mapping('a', 3),
      from: 'day 2',
    });
    expect(shelf.find(shape('x', 5), mapping('x'))?.from).toBe('wide');
  });

  it('finds none among files whose chosen columns are not there', async () => {
    const chosen = { ...mapping('a'), lfp: { path: 'a/lfp', columns: ['c1', 'c3'] } };
    const shelf = await shelved([shape('a'), chosen, 'day 1']);
    expect(shelf.find(shape('a'), mapping('a'))?.mapping).toEqual(chosen);
    const renamed = shape('a');
    const series = renamed.series.map((one) => ({ ...one, columns: ['a', 'b', 'c', 'd'] }));
    expect(shelf.find({ ...renamed, series }, mapping('a'))).toBeUndefined();
  });

  it('starts empty when its file is damaged', async () => {
    const folder = memoryFolder();
    await folder.write('mappings.json', new TextEncoder().encode('[{"sha'));
    const shelf = new MappingShelf(folder);
    await shelf.restore();
    expect(shelf.find(shape('a'), mapping('a'))).toBeUndefined();
  });
});
