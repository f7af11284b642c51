// The precision of a stage on the page: chosen, kept between visits, taken by the run, and said of the run and its model.
import { afterAll, expect, it } from 'vitest';
import { openStudio, readout, shoot, stopServing } from './studioPage';

/** A software adapter shared with other work takes its time. */
const PATIENCE_MS = 240_000;

afterAll(stopServing);

it('trains in mixed precision when asked to, and says so', {
  timeout: 2 * PATIENCE_MS,
}, async () => {
  const { page, problems, close } = await openStudio();
  page.setDefaultTimeout(PATIENCE_MS);
  try {
    await page.locator('.chip.adapter').waitFor();
    await page
      .getByRole('button', { name: /synthetic|built-in/i })
      .first()
      .click();
    await page.locator('tbody tr').first().waitFor();
    await page.getByRole('tab', { name: /^2/ }).click();
    await page.getByLabel('Preset').selectOption('nano');
    const advanced = page.getByText('Advanced', { exact: false }).first();
    await advanced.click();
    const precision = page.getByLabel('Precision');
    expect(await precision.locator('option').allInnerTexts()).toEqual([
      'full (32 bit)',
      'mixed (16-bit products, 32-bit sums)',
    ]);
    expect(await precision.inputValue()).toBe('f32');
    await precision.selectOption('mixed');
    // More than any adapter ends before the run is cancelled.
    await page.getByLabel('Epochs', { exact: true }).fill('5000');
    await page.getByText('2 changed').waitFor();
    await page.getByText('Mixed takes less memory').waitFor();
    await shoot(page, 'precision-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await shoot(page, 'precision-dark');

    await page.reload();
    await page.getByRole('tab', { name: /^2/ }).click();
    await advanced.click();
    expect(await precision.inputValue()).toBe('mixed');

    await page.getByRole('button', { name: 'Train the teacher' }).click();
    await page.locator('[data-readout="Step"]').waitFor();
    const loss = async () => Number(await readout(page, 'Training loss'));
    await expect.poll(loss, { timeout: PATIENCE_MS }).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByText(/parameters, .* channels, trained in mixed precision\./).waitFor();
    const saved = page.getByText('A saved run (nano, seed 42, mixed precision) stands at step');
    await saved.waitFor();
    await shoot(page, 'precision-run-dark');

    // The saved run goes on as it began, whatever is chosen now.
    await precision.selectOption('f32');
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await saved.waitFor();
    expect(await precision.inputValue()).toBe('mixed');
    expect(await page.locator('.fault').allInnerTexts()).toEqual([]);
    expect(problems).toEqual([]);
  } finally {
    await close();
  }
});
