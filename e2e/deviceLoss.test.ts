// The browser's graphics process crashes in the middle of a run: training goes on from its checkpoint, and nothing is lost.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { madeTable } from './madeTable';
import { dropFiles, openStudio, readout, type Studio, shoot, stopServing } from './studioPage';

/** A software adapter shared with other work takes seconds for a step. */
const PATIENCE_MS = 240_000;
/** The worker gives up at the third loss; the browser may give no device before that. */
const MOST_CRASHES = 3;

describe('a graphics process that crashes', { timeout: PATIENCE_MS }, () => {
  let studio: Studio;
  let page: Page;
  let savedStep = 0;

  beforeAll(async () => {
    studio = await openStudio();
    page = studio.page;
    page.setDefaultTimeout(PATIENCE_MS / 2);
    await page.locator('.chip.adapter').waitFor();
    await dropFiles(page, [madeTable('lab.csv', 3)]);
    await page.getByRole('radio', { name: 'lab' }).waitFor();
    await page.getByRole('tab', { name: /^2/ }).click();
    await page.getByLabel('Preset').selectOption('nano');
  });

  afterAll(async () => {
    await studio?.close();
    await stopServing();
  });

  const fault = () => page.locator('.fault');
  const stepNow = async () => Number.parseInt((await readout(page, 'Step')).replace(/\s/g, ''), 10);
  const reach = async (step: number) => {
    await page.locator('[data-readout="Step"]').first().waitFor();
    await expect.poll(stepNow, { timeout: PATIENCE_MS / 2 }).toBeGreaterThanOrEqual(step);
  };

  it('costs the steps since the checkpoint, and no click', async () => {
    await page.getByRole('button', { name: 'Train the teacher' }).click();
    await reach(1);
    await page.keyboard.press('Space');
    const told = await page.getByText(/Last checkpoint at step \d+/).innerText();
    savedStep = Number(/step (\d+)/.exec(told)?.[1]);
    expect(savedStep).toBeGreaterThan(0);
    await page.keyboard.press('Space');
    await studio.crashGpu();
    const note = page.getByText(/The graphics device was lost; going on from the checkpoint/);
    expect(await note.innerText()).toContain(`at step ${savedStep}.`);
    await reach(savedStep + 1);
    expect(await fault().count()).toBe(0);
  });

  it('that crashes again and again ends in what to do, and loses nothing', async () => {
    for (let crashes = 1; crashes < MOST_CRASHES && (await fault().count()) === 0; crashes++) {
      await studio.crashGpu();
      // Either another device is found, or none is.
      const building = page.getByText('Building the network');
      await building.or(fault()).first().waitFor();
      await building.waitFor({ state: 'hidden' });
    }
    const text = await fault().innerText();
    expect(text).toMatch(/Pretraining the teacher stopped\./);
    expect(text).toMatch(/What to do: [\s\S]*reload the page[\s\S]*resume/i);
    await shoot(page, 'device-lost');
    await page.reload();
    await page.getByText(`stands at step ${savedStep} of`).waitFor();
    await page.getByRole('tab', { name: /^1/ }).click();
    await page.getByRole('radio', { name: 'lab' }).waitFor();
    await page.getByRole('tab', { name: /^2/ }).click();
    await page.getByRole('button', { name: 'Resume' }).click();
    await reach(savedStep + 1);
    expect(await fault().count()).toBe(0);
    expect(studio.problems).toEqual([]);
  });
});
