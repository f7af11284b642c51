// The library of sessions: grouped by what the files say, named and tagged, filtered, taken back, and there after a reload.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { madeTable } from './madeTable';
import { dropFiles, openStudio, type Studio, shoot, stopServing } from './studioPage';

const RAT = fileURLToPath(
  new URL('../../shared/data/rat-lfp/rat_r1838_lfp_position.nwb', import.meta.url),
);
const isThere = existsSync(RAT);

describe.skipIf(!isThere)(
  `the sessions library${isThere ? '' : ' (skipped: no ../shared/data/rat-lfp)'}`,
  () => {
    let studio: Studio;
    let page: Page;

    beforeAll(async () => {
      studio = await openStudio();
      page = studio.page;
      page.setDefaultTimeout(60_000);
      await page.locator('.chip.adapter').waitFor();
      await dropFiles(page, [madeTable('first.csv', 9), madeTable('second.csv', 10)]);
      await radio('second').waitFor();
      await dropFiles(page, RAT);
      const add = page.getByRole('button', { name: 'Add this recording' });
      await radio(/^rat/).or(add).first().waitFor();
      if (await add.isVisible()) await add.click();
      await radio(/^rat/).waitFor();
    });

    afterAll(async () => {
      await studio?.close();
      await stopServing();
    });

    const radio = (name: string | RegExp) => page.getByRole('radio', { name });
    const groups = () => page.locator('.group-title').allInnerTexts();
    const names = () => page.locator('tbody label').allInnerTexts();

    async function edit(name: string, fields: Record<string, string>): Promise<void> {
      await page.getByRole('button', { name: `Edit ${name}` }).click();
      const form = page.getByRole('form', { name: `Edit ${name}` });
      for (const [label, value] of Object.entries(fields)) await form.getByLabel(label).fill(value);
      await form.getByRole('button', { name: 'Save' }).click();
      await form.waitFor({ state: 'detached' });
    }

    it('groups by the subject and the day that the files state', async () => {
      const [known, unknown] = (await groups()).map((text) => text.trim());
      expect(known).toMatch(/^\S.*, \d{4}-\d{2}-\d{2}$/);
      expect(unknown).toBe('No subject, no date');
    });

    it('renames, files under a subject, tags and shows only what is tagged', async () => {
      await edit('first', { Name: 'Monday', Subject: 'cat 1', Tags: 'good, pilot' });
      await edit('second', { Tags: 'pilot' });
      expect((await groups()).map((text) => text.trim())[0]).toBe('cat 1, no date');
      const filter = page.getByRole('group', { name: 'Show only tagged' });
      await filter.getByRole('button', { name: 'good' }).click();
      expect(await names()).toEqual(['Monday']);
      await filter.getByText('2 not shown; the teacher learns from them all the same.').waitFor();
      await shoot(page, 'library-filtered');
      await filter.getByRole('button', { name: 'good' }).click();
      await page.getByRole('button', { name: 'Edit Monday' }).click();
      await shoot(page, 'library-editor');
      await page.keyboard.press('Escape');
      await edit('Monday', { Tags: 'pilot' });
      expect(await filter.getByRole('button').allInnerTexts()).toEqual(['pilot']);
    });

    it('says how much is stored, and deletes with a way back', async () => {
      await page.getByText(/^Storage: [\d.]+ [kMG]B used of the [\d.]+ [GT]B/).waitFor();
      await page.getByRole('button', { name: 'Remove second' }).click();
      await radio('second').waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'Undo' }).click();
      await radio('second').waitFor();
    });

    it('offers the mapping of a file for the next one of its shape, another day', async () => {
      await dropFiles(page, [madeTable('lab 1.csv', 11, false)]);
      const choice = page.getByRole('region', { name: /^Choose series/ });
      await choice.waitFor();
      for (const rate of await choice.getByLabel('Sampled at (Hz)').all()) await rate.fill('200');
      await choice.getByLabel('Factor (− turns the sign)').first().fill('-1');
      await choice.getByText('Columns: all 3').click();
      await choice.getByLabel('lfp 2').uncheck();
      await shoot(page, 'mapping-choice');
      await choice.getByRole('button', { name: 'Add this recording' }).click();
      await radio('lab 1').waitFor();
      await page.reload();
      await radio('lab 1').waitFor();
      await dropFiles(page, [madeTable('lab 2.csv', 12, false)]);
      await choice.getByText(/A file of this shape was added before, as lab 1/).waitFor();
      await shoot(page, 'mapping-offered');
      await choice.getByRole('button', { name: 'Use this mapping' }).click();
      await choice.getByText('Columns: 2 of 3').waitFor();
      await choice.getByRole('button', { name: 'Add this recording' }).click();
      await radio('lab 2').waitFor();
      const origin = page.getByRole('region', { name: 'Where it came from' });
      await origin
        .getByText(/^LFP is .*2 columns: lfp 1, lfp 3, times -1, sampled at 200 Hz/)
        .waitFor();
      await origin.getByText(/^lab 2\.csv, [\d.]+ kB/).waitFor();
      await shoot(page, 'mapping-origin');
    });

    it('has it all again after a reload', async () => {
      const before = [await groups(), await names()];
      expect(before[1]).toContain('Monday');
      await page.reload();
      await radio('Monday').waitFor();
      expect([await groups(), await names()]).toEqual(before);
      expect(await page.locator('.fault').count()).toBe(0);
      expect(studio.problems).toEqual([]);
    });
  },
);
