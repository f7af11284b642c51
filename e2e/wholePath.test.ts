// The whole path on a real recording: drop it, choose its series, teach, distil, fine-tune, decode.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dropFiles, openStudio, readout, type Studio, shoot, stopServing } from './studioPage';

const RECORDING = fileURLToPath(
  new URL('../../shared/data/monkey-force/ADAN_Day0_rawlfp.npz', import.meta.url),
);
const isThere = existsSync(RECORDING);
const STEPS_WANTED = 3;
/** A software adapter shared with other work takes seconds for a step. */
const PATIENCE_MS = 240_000;

describe.skipIf(!isThere)(
  `the path on a real recording${isThere ? '' : ' (skipped: no ../shared/data/monkey-force)'}`,
  { timeout: 3 * PATIENCE_MS },
  () => {
    let studio: Studio;
    let page: Page;

    beforeAll(async () => {
      studio = await openStudio();
      page = studio.page;
      page.setDefaultTimeout(PATIENCE_MS);
    });

    afterAll(async () => {
      await studio?.close();
      await stopServing();
    });

    it('reads the file that is dropped, and shows what is in it', async () => {
      await page.locator('.chip.adapter').waitFor();
      await dropFiles(page, RECORDING);
      const row = page.locator('tbody tr', { hasText: 'ADAN_Day0_rawlfp' });
      await row.waitFor();
      const cells = (await row.locator('td').allInnerTexts()).map((text) => text.trim());
      expect(cells.slice(1, 5)).toEqual(['96', '20 Hz', '20 min', 'target 1, target 2']);
      await page.getByText('24 000 frames at 20 Hz').waitFor();
      await page.getByText('contiguous, last 20 % tested, 5 s guard').waitFor();
      await page.locator('.js-plotly-plot').waitFor();
      await shoot(page, 'sessions-light');
    });

    it('teaches for some steps, pauses, steps once, and keeps the teacher', async () => {
      await page.getByRole('tab', { name: /^2/ }).click();
      await page.getByLabel('Preset').selectOption('nano');
      await page.getByText('not paper scale', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Train the teacher' }).click();
      await reachStep(page, STEPS_WANTED);
      await page.keyboard.press('Space');
      await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
      await page.getByText('paused').waitFor();
      const paused = await settledStep(page);
      await page.keyboard.press('.');
      await reachStep(page, paused + 1);
      expect(await settledStep(page)).toBe(paused + 1);
      expect(Number(await readout(page, 'Training loss'))).toBeGreaterThan(0);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByText(/nano \(not paper scale\), .* parameters, 96 channels/).waitFor();
      await page.getByText(/A saved run \(nano, seed 42\) stands at step/).waitFor();
      await shoot(page, 'teacher-light');
    });

    it('distils a student from it', async () => {
      await page.getByRole('button', { name: 'Next: Student' }).click();
      await page.getByRole('button', { name: 'Distil the student' }).click();
      await reachStep(page, STEPS_WANTED);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByText(/decodes target 1, target 2/).waitFor();
      await shoot(page, 'student-light');
    });

    it('decodes frame by frame, with its latency', async () => {
      await page.getByRole('button', { name: 'Next: Decode' }).click();
      await page.getByRole('button', { name: 'Play', exact: true }).click();
      await expect
        .poll(() => readout(page, 'Frames decoded').then(Number), { timeout: 60_000 })
        .toBeGreaterThan(20);
      expect(await readout(page, 'Latency p50')).toMatch(/^[\d.]+ ms$/);
      expect(await page.getByText('Missed deadlines (50.0 ms)').count()).toBe(1);
      await page.keyboard.press('Space');
      await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
      const frames = await settled(() => readout(page, 'Frames decoded').then(Number));
      await page.keyboard.press('.');
      await expect.poll(() => readout(page, 'Frames decoded').then(Number)).toBe(frames + 1);
      await shoot(page, 'decode-light');
    });

    it('has the session, models and saved run back after a reload', async () => {
      await page.reload();
      await page.getByRole('tab', { name: /^1/ }).click();
      await page.locator('tbody tr', { hasText: 'ADAN_Day0_rawlfp' }).waitFor();
      await page.getByRole('tab', { name: /^2/ }).click();
      await page.getByText(/nano \(not paper scale\), .* parameters, 96 channels/).waitFor();
      await page.getByText(/A saved run \(nano, seed 42\) stands at step/).waitFor();
      await page.getByRole('button', { name: 'Resume' }).click();
      await reachStep(page, STEPS_WANTED + 2);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByRole('button', { name: 'Train the teacher' }).waitFor();
    });

    it('told of no problem on the way', async () => {
      expect(await page.locator('.fault').allInnerTexts()).toEqual([]);
      expect(studio.problems).toEqual([]);
    });
  },
);

async function stepNow(page: Page): Promise<number> {
  return Number.parseInt((await readout(page, 'Step')).replace(/\s/g, ''), 10);
}

async function reachStep(page: Page, step: number): Promise<void> {
  await page.locator('[data-readout="Step"]').first().waitFor();
  await expect.poll(() => stepNow(page), { timeout: PATIENCE_MS }).toBeGreaterThanOrEqual(step);
}

function settledStep(page: Page): Promise<number> {
  return settled(() => stepNow(page));
}

/** The value once it has stayed the same for four seconds: longer than a step. */
async function settled(read: () => Promise<number>): Promise<number> {
  let value = await read();
  for (let same = 0; same < 8; ) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    const next = await read();
    same = next === value ? same + 1 : 0;
    value = next;
  }
  return value;
}
