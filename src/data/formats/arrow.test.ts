// The studio's own file: written and read back equal; damaged and foreign files refused.
import { tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow';
import { expect, test } from 'vitest';
import { choiceOf, proposeMapping } from '../mapping';
import { type FileSource, openFile } from '../readers';
import { syntheticSessions } from '../synthetic';
import { readArrow, writeArrow } from './arrow';

const [session] = syntheticSessions({ sessionCount: 1, durationS: 10, channelCount: 4 });
const bytes = writeArrow(session);

function inMemory(content: Uint8Array): FileSource {
  return {
    name: 'made.arrow',
    byteLength: content.length,
    slice: async (start, end) => content.slice(start, end),
  };
}

test('a session comes back equal', () => {
  expect(readArrow(bytes, 'made.arrow')).toEqual(session);
});

test('behind the magic it is a stream, schema first, for readers that ask for no footer', () => {
  const { names } = session.lfp;
  const table = tableFromIPC(bytes.subarray(8));
  expect(table.schema.fields.slice(0, names.length).map(({ name }) => name)).toEqual(
    names.map((name) => `lfp/${name}`),
  );
  expect(table.getChildAt(0)?.get(0)).toHaveLength(session.lfp.sampleCount);
});

test('without behaviour, with gaps and a rejected channel', () => {
  const data = session.lfp.data.slice();
  data[5] = Number.NaN;
  const odd = {
    ...session,
    behaviour: undefined,
    oracleR2: undefined,
    lfp: { ...session.lfp, data, gaps: [{ startSample: 2, endSample: 4 }] },
    channelMask: Float32Array.of(1, 0, 1, 1),
  };
  expect(readArrow(writeArrow(odd), 'made.arrow')).toEqual(odd);
});

test('opened through the common door', async () => {
  const file = await openFile(inMemory(bytes));
  expect(file.format).toBe('arrow');
  const choice = choiceOf(proposeMapping(file).mapping);
  expect(choice).toEqual({ lfp: 'lfp', behaviour: ['behaviour'] });
  expect(await file.readSession(choice)).toEqual(session);
  expect((await file.readSession({ lfp: 'lfp' })).behaviour).toBeUndefined();
});

test('an absurd number anywhere in the footer is refused or harmless, not followed', () => {
  const footerBytes = new DataView(bytes.buffer, bytes.byteOffset).getInt32(
    bytes.length - 10,
    true,
  );
  let refused = 0;
  for (let at = bytes.length - 10 - footerBytes; at < bytes.length - 10; at += 4) {
    const damaged = bytes.slice();
    damaged.set([0xff, 0xff, 0xff, 0x7f], at);
    try {
      readArrow(damaged, 'made.arrow');
    } catch (error) {
      expect(String(error)).toMatch(/\[arrow\] expected [^\n]+: [^\n]+$/);
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(100);
});

test.each([
  ['cut short', bytes.slice(0, bytes.length / 2), /expected/],
  [
    'another table',
    tableToIPC(tableFromArrays({ x: Float32Array.of(1, 2) }), 'file'),
    /at least 16 rows of numbers/,
  ],
])('%s is refused in one sentence', async (_, content, message) => {
  await expect(openFile(inMemory(content))).rejects.toThrow(message);
  await expect(openFile(inMemory(content))).rejects.toThrow(/^\[arrow\] expected [^\n]+: [^\n]+$/);
});
