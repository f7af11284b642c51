// LFP and movement from two files: the page says what it assumes, and aligns them by the times of shared events.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DroppedFile, dropFiles, openStudio, type Studio, stopServing } from './studioPage';

const PATIENCE_MS = 240_000;
let studio: Studio;
beforeAll(async () => {
  studio = await openStudio();
}, PATIENCE_MS);
afterAll(async () => {
  await studio?.close();
  await stopServing();
});

function table(name: string, head: string, rateHz: number, count: number): DroppedFile {
  const columns = head.split(',').slice(1);
  const rows = Array.from({ length: count }, (_, i) =>
    [(i / rateHz).toFixed(4), ...columns.map((_, c) => Math.sin(i / (7 + c)).toFixed(3))].join(','),
  );
  return { name, mimeType: 'text/csv', buffer: Buffer.from([head, ...rows].join('\n')) };
}

it('asks how the clocks of two files lie, and keeps the answer', {
  timeout: PATIENCE_MS,
}, async () => {
  const { page, problems } = studio;
  await dropFiles(page, [
    table('day.tsv', 'time,lfp 1,lfp 2', 200, 12_000),
    table('day.csv', 'time,hand vel x', 50, 2_000),
  ]);
  const clocks = page.getByRole('group', { name: 'Clocks of the two files' });
  await clocks.getByText(/assumed to begin together, which nobody has stated/).waitFor();
  await clocks.getByLabel('by start time').click();
  await clocks.getByText(/expected to learn when "day.tsv" began, got no start time/).waitFor();
  await clocks.getByLabel('by events').check();
  await clocks.getByLabel('Events of the LFP (s)').fill('12.5, 20');
  await clocks.getByLabel('The same of the behaviour (s)').fill('2.5 11');
  await clocks.getByText(/got 500.0 ms beside their median/).waitFor();
  await clocks.getByLabel('The same of the behaviour (s)').fill('2.5 10');
  await clocks.getByText(/Behaviour 10 s later: the median of 2 events/).waitFor();
  await page.getByRole('button', { name: 'Add this recording' }).click();
  await page.getByText(/behaviour is .*, 10 s later \(by shared events\)/).waitFor();
  expect(problems).toEqual([]);
});
