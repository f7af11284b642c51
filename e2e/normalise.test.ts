// The normalisation fields of the page: a running z-score with its time constant, kept between visits.
import { afterAll, expect, it } from 'vitest';
import { openStudio, stopServing } from './studioPage';

/** A software adapter shared with other work takes its time. */
const PATIENCE_MS = 240_000;

afterAll(stopServing);

it('takes a time constant, refuses one that is too short, and keeps it', {
  timeout: PATIENCE_MS,
}, async () => {
  const { page, problems, close } = await openStudio();
  page.setDefaultTimeout(PATIENCE_MS / 2);
  try {
    await page.locator('.chip.adapter').waitFor();
    await page
      .getByRole('button', { name: /synthetic|built-in/i })
      .first()
      .click();
    await page.getByText('Front end and split').waitFor();
    const field = page.getByLabel('Time constant (s)');
    expect(await field.count()).toBe(0);
    await page.getByLabel('Normalise').selectOption('running');
    expect(await field.inputValue()).toBe('30');
    await field.fill('0.5');
    await page.getByText('write seconds, at least 1').waitFor();
    await field.fill('12');
    await field.press('Enter');
    await page.reload();
    await field.waitFor();
    expect(await field.inputValue()).toBe('12');
    await page.getByLabel('Normalise').selectOption('training');
    expect(await field.count()).toBe(0);
    expect(problems).toEqual([]);
  } finally {
    await close();
  }
});
