// Files that are damaged, or that hang whoever parses them, end in a message; all else in the page lives on.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { madeTable } from './madeTable';
import { dropFiles, openStudio, type Studio, stopServing } from './studioPage';

/** A small NWB file with a few bytes changed, on which the HDF5 library does not come to an end. */
const HANGING = gunzipSync(readFileSync(new URL('hangs.nwb.gz', import.meta.url)));

describe('damaged recordings', () => {
  let studio: Studio;
  let page: Page;

  beforeAll(async () => {
    studio = await openStudio();
    page = studio.page;
    page.setDefaultTimeout(60_000);
    await page.locator('.chip.adapter').waitFor();
    await dropFiles(page, [madeTable('before.csv', 9)]);
    await page.getByRole('radio', { name: 'before' }).waitFor();
  });

  afterAll(async () => {
    await studio?.close();
    await stopServing();
  });

  it.each<[string, Buffer, RegExp]>([
    ['cut.nwb', HANGING.subarray(0, 5000), /Expected a whole HDF5 file in "cut.nwb"/],
    ['hangs.nwb', HANGING, /Expected progress in reading "hangs.nwb", got none for 4.0 s/],
    ['noise.nwb', Buffer.from('no recording at all'), /got an unknown format in "noise.nwb"/],
  ])('%s gets a message that says why and what to do', async (name, buffer, why) => {
    const startedMs = performance.now();
    await dropFiles(page, [{ name, mimeType: '', buffer }]);
    const box = page.locator('.fault', { hasText: `${name} could not be` });
    await box.waitFor();
    console.log(`${name}: a message after ${Math.round(performance.now() - startedMs)} ms`);
    const text = await box.innerText();
    expect(text).toMatch(why);
    expect(text).toMatch(/What to do: \w/);
    await box.getByRole('button', { name: 'Dismiss' }).click();
  });

  it('reads good files dropped with and after them, and keeps what was there', async () => {
    await dropFiles(page, [
      { name: 'cut.nwb', mimeType: '', buffer: HANGING.subarray(0, 5000) },
      madeTable('after.csv', 10),
    ]);
    await page.getByRole('radio', { name: 'after' }).waitFor();
    expect(await page.locator('.fault').count()).toBe(1);
    await page.getByRole('radio', { name: 'before' }).check();
    await page.getByText(/frames at 100 Hz/).waitFor();
    expect(studio.problems).toEqual([]);
  });
});
