// Sessions survive a new start of the worker, a removal can be taken back, and damage harms nothing else.
import { describe, expect, it } from 'vitest';
import { readArrow } from '../data/formats/arrow';
import { syntheticSessions } from '../data/synthetic';
import { Recordings } from './recordings';
import { memoryFolder } from './storage';

const [a, b] = syntheticSessions({ sessionCount: 2, durationS: 10, channelCount: 3 });

async function filled() {
  const folder = memoryFolder();
  const recordings = new Recordings(folder);
  await recordings.add(a);
  await recordings.add(b);
  return { folder, recordings };
}

const idsOf = (recordings: Recordings) => recordings.summaries.map(({ id }) => id);

describe('Recordings', () => {
  it('has every session back, equal to the last bit and in order', async () => {
    const { folder } = await filled();
    const restored = new Recordings(folder);
    expect(await restored.restore()).toEqual([]);
    expect(idsOf(restored)).toEqual([a.id, b.id]);
    expect(restored.get(a.id).lfp.data).toEqual(a.lfp.data);
    expect(restored.get(a.id).behaviour?.data).toEqual(a.behaviour?.data);
    expect(restored.summaries[0].synthetic).toBe(true);
  });

  it('takes back a removal, and deletes the file of one that stands', async () => {
    const { folder, recordings } = await filled();
    await recordings.remove(a.id);
    expect(idsOf(recordings)).toEqual([b.id]);
    await recordings.takeBack(a.id);
    expect(idsOf(recordings)).toEqual([b.id, a.id]);
    await recordings.remove(a.id);
    const restored = new Recordings(folder);
    await restored.restore();
    expect(idsOf(restored)).toEqual([b.id]);
    expect(await folder.names()).toEqual(expect.arrayContaining([`${b.id}.arrow`, 'index.json']));
    expect(await folder.names()).toHaveLength(2);
  });

  it('rejects channels and takes them back, kept with the session', async () => {
    const { folder, recordings } = await filled();
    await recordings.useChannels(a.id, [0, 2], false);
    const restored = new Recordings(folder);
    await restored.restore();
    expect(restored.summaries[0].channelsUsed).toEqual([false, true, false]);
    expect(idsOf(restored)).toEqual([a.id, b.id]);
    await expect(restored.useChannels(a.id, [1], false)).rejects.toThrow(/at least one channel/);
    expect(restored.quality(a.id, 0).channels).toHaveLength(3);
    await restored.useChannels(a.id, [0, 2], true);
    expect(restored.summaries[0].usedChannelCount).toBe(3);
    expect(restored.get(a.id).lfp.data).toEqual(a.lfp.data);
  });

  it('says which saved session is damaged and keeps the others', async () => {
    const { folder } = await filled();
    await folder.write(`${a.id}.arrow`, new Uint8Array(100));
    const restored = new Recordings(folder);
    const problems = await restored.restore();
    expect(problems).toHaveLength(1);
    expect(idsOf(restored)).toEqual([b.id]);
  });

  it('keeps name, subject and tags, tidied, and takes them along in an export', async () => {
    const { folder, recordings } = await filled();
    const entry = { name: ' day 2 ', subject: 'rat 7', tags: ['b', ' a', '', 'b'] };
    await recordings.describe(a.id, entry);
    const expected = { name: 'day 2', subject: 'rat 7', tags: ['a', 'b'] };
    const restored = new Recordings(folder);
    expect(await restored.restore()).toEqual([]);
    expect(restored.summaries).toMatchObject([
      { id: a.id, ...expected },
      { id: b.id, tags: [] },
    ]);
    const exported = readArrow(restored.exported(a.id), 'a.arrow');
    expect(exported).toMatchObject(expected);
    const other = new Recordings(memoryFolder());
    await other.add(exported);
    expect(other.summaries).toEqual(restored.summaries.slice(0, 1));
    expect(other.exported(a.id)).toEqual(restored.exported(a.id));
    await expect(restored.describe(a.id, { ...entry, name: ' ' })).rejects.toThrow(/a name/);
    await restored.describe(a.id, { ...entry, tags: [] });
    expect(restored.get(a.id)).not.toHaveProperty('tags');
  });

  it('keeps what a person said when the same recording comes again', async () => {
    const { recordings } = await filled();
    await recordings.describe(a.id, { name: 'mine', subject: '', tags: ['x'] });
    await recordings.add(a);
    await recordings.remove(a.id);
    await recordings.takeBack(a.id);
    expect(recordings.summaries.find(({ id }) => id === a.id)).toMatchObject({
      name: 'mine',
      subject: '',
      tags: ['x'],
    });
  });

  it('takes a name for a subject from no file', async () => {
    const recordings = new Recordings(memoryFolder());
    await recordings.add({ ...a, subject: a.name, recordedAt: '2021-03-02T10:00:00' });
    expect(recordings.summaries).toMatchObject([
      { name: a.name, subject: '', recordedAt: '2021-03-02T10:00:00' },
    ]);
  });

  it.each<[string, Uint8Array | undefined, number]>([
    ['of the first version', new TextEncoder().encode(JSON.stringify([b.id, a.id])), 0],
    ['torn by a crash', new TextEncoder().encode('{"version":2,"sess'), 1],
    ['of a newer studio', new TextEncoder().encode('{"version":3}'), 1],
    ['that is gone', undefined, 1],
  ])('loses no session to an index %s', async (_, index, problemCount) => {
    const { folder } = await filled();
    await folder.remove('index.json');
    if (index) await folder.write('index.json', index);
    const restored = new Recordings(folder);
    expect(await restored.restore()).toHaveLength(problemCount);
    expect(idsOf(restored).sort()).toEqual([a.id, b.id].sort());
    expect(restored.get(a.id).lfp.data).toEqual(a.lfp.data);
  });
});
