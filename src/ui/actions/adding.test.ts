// Of files dropped together, those that only describe a recording stay behind; alone they are opened.
import { expect, it } from 'vitest';
import type { StudioClient } from '../clientContext';
import { addFiles } from './adding';

it.each<[string, string[], string[]]>([
  ['a BIDS folder', ['a_ieeg.vhdr', 'a_ieeg.json', 'a_channels.tsv', 'README.md'], ['a_ieeg.vhdr']],
  ['references beside their file', ['a.nwb', 'a.nwb.lindi.json'], ['a.nwb', 'a.nwb.lindi.json']],
  ['a sidecar alone', ['a_ieeg.json'], ['a_ieeg.json']],
])('%s', async (_, dropped, expected) => {
  const asked: string[][] = [];
  const client = {
    openFiles: async (files: File[]) => {
      asked.push(files.map(({ name }) => name));
      return [];
    },
  } as unknown as StudioClient;
  await addFiles(
    client,
    dropped.map((name) => new File([], name)),
  );
  expect(asked).toEqual([expected]);
});
