// LFP and movement from two files: the page says what it assumes, and aligns them by the times of shared events.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DroppedFile, dropFiles, openStudio, type Studio, stopServing } from './studioPage';

const PATIENCE_MS = 240_000;
let studio: Studio;
beforeAll(async () => {
  studio = await openStudio();
  studio.page.setDefaultTimeout(PATIENCE_MS / 2);
  // Before that a drop finds nobody.
  await studio.page.locator('.chip.adapter').waitFor();
}, PATIENCE_MS);
afterAll(async () => {
  await studio?.close();
  await stopServing();
});

/** @param pulse at a time on the clock of this file */
function table(
  name: string,
  head: string,
  rateHz: number,
  count: number,
  pulse: (timeS: number) => number,
): DroppedFile {
  const columns = head.split(',').slice(1);
  const rows = Array.from({ length: count }, (_, i) =>
    [
      (i / rateHz).toFixed(4),
      ...columns.map((column, c) =>
        column.startsWith('ttl') ? pulse(i / rateHz) : Math.sin(i / (7 + c)).toFixed(3),
      ),
    ].join(','),
  );
  return { name, mimeType: 'text/csv', buffer: Buffer.from([head, ...rows].join('\n')) };
}

it('asks how the clocks of two files lie, and keeps the answer', {
  timeout: PATIENCE_MS,
}, async () => {
  const { page, problems } = studio;
  await dropFiles(page, [
    table('day.tsv', 'time,lfp 1,lfp 2,ttl', 200, 12_000, (t) => +(t >= 12)),
    table('day.csv', 'time,hand vel x,ttl', 50, 2_000, (t) => +(t >= 1)),
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
  await clocks.getByLabel("Or a pulse of the LFP's file").selectOption({ label: 'ttl' });
  await clocks.getByLabel("The same pulse of the behaviour's").selectOption({ label: 'ttl' });
  await clocks.getByRole('button', { name: 'Take their rising edges' }).click();
  await clocks.getByText(/Behaviour 11 s later: one event, with no second one/).waitFor();
  await page.getByRole('button', { name: 'Add this recording' }).click();
  await page.getByText(/behaviour is .*, 11 s later \(by shared events\)/).waitFor();
  expect(problems).toEqual([]);
});
