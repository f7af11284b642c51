// LINDI references dropped with the file that they point into, and without it.
import { readFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { dropFiles, openStudio, stopServing } from './studioPage';

const PATIENCE_MS = 120_000;
const FIXTURES = new URL('../src/data/formats/fixtures/', import.meta.url);

const fixture = (name: string) => ({
  name,
  mimeType: '',
  buffer: readFileSync(new URL(name, FIXTURES)),
});

afterAll(stopServing);

it('reads references through the file dropped with them', { timeout: PATIENCE_MS }, async () => {
  const { page, problems, close } = await openStudio();
  page.setDefaultTimeout(PATIENCE_MS / 2);
  try {
    await page.locator('.chip.adapter').waitFor();
    const references = fixture('lindi.nwb.lindi.json');
    await dropFiles(page, [references]);
    await page.getByText(/refers to, got the references alone/).waitFor();
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await dropFiles(page, [references, fixture('lindi.nwb')]);
    const choice = page.getByRole('region', { name: /^Choose series: lindi.nwb.lindi.json/ });
    await choice.getByRole('button', { name: 'Add this recording' }).click();
    await page.locator('tbody tr', { has: page.getByRole('radio', { name: 'lindi' }) }).waitFor();
    expect(await page.getByText('could not be opened').count()).toBe(0);
    expect(problems).toEqual([]);
  } finally {
    await close();
  }
});
