// "Run the demo", from the first screen to a decoder that plays, and what it leaves behind.
import { afterAll, expect, it } from 'vitest';
import { openStudio, readout, shoot, stopServing } from './studioPage';

/** What a person at a stand will wait for, on a machine without any GPU. */
const MOST_MS = 240_000;

afterAll(stopServing);

it('runs the whole path on built-in sessions within four minutes', {
  timeout: 2 * MOST_MS,
}, async () => {
  const { page, problems, close } = await openStudio({ colorScheme: 'dark' });
  page.setDefaultTimeout(MOST_MS);
  try {
    await page.locator('.chip.adapter').waitFor();
    await shoot(page, 'welcome-dark');
    const startedMs = performance.now();
    await page.getByRole('button', { name: 'Run the demo' }).click();
    await page.getByText('Step 2 of 5').waitFor();
    await page.getByText('Step 3 of 5').waitFor();
    await page.getByText('Step 4 of 5').waitFor();
    await page.getByText('The demo is complete.').waitFor();
    const tookMs = performance.now() - startedMs;
    console.log(`The demo took ${(tookMs / 1000).toFixed(0)} s.`);

    await expect
      .poll(() => readout(page, 'Frames decoded').then(Number), { timeout: 60_000 })
      .toBeGreaterThan(20);
    expect(await page.locator('.chip.synthetic').count()).toBeGreaterThan(0);
    await page.waitForTimeout(8000);
    await shoot(page, 'decode-dark');
    await page.getByRole('tab', { name: /^3/ }).click();
    const scores: Record<string, number> = {};
    for (const model of ['student', 'ridge']) {
      const cell = page.locator(`[data-model="${model}"] td`).nth(1);
      scores[model] = Number(await cell.innerText());
    }
    console.log(`Mean test R²: student ${scores.student}, ridge ${scores.ridge}.`);
    // Learned from nothing, the student must explain a good part of the behaviour.
    expect(scores.student).toBeGreaterThan(0.2);
    expect(scores.ridge).toBeGreaterThan(0.2);
    await shoot(page, 'student-dark');
    await page.getByRole('tab', { name: /^2/ }).click();
    await page.getByText('Masked reconstruction of a held-out segment').waitFor();
    await shoot(page, 'teacher-dark');
    await page.getByRole('tab', { name: /^1/ }).click();
    await page.locator('.js-plotly-plot').waitFor();
    await shoot(page, 'sessions-dark');
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await shoot(page, 'help-dark');
    expect(await page.locator('.fault').allInnerTexts()).toEqual([]);
    expect(problems).toEqual([]);
    expect(tookMs).toBeLessThan(MOST_MS);
  } finally {
    await close();
  }
});
