// Recordings opened from an address: read in parts, stopped without a trace, refused with a reason, kept over a reload.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RangeServer, serveRanges } from './rangeServer';
import { openStudio, type Studio, shoot, stopServing } from './studioPage';

const RECORDING = fileURLToPath(
  new URL('../../shared/data/rat-lfp/rat_r1838_lfp_position.nwb', import.meta.url),
);
const isThere = existsSync(RECORDING);

describe.skipIf(!isThere)(
  `a recording behind an address${isThere ? '' : ' (skipped: no ../shared/data/rat-lfp)'}`,
  () => {
    let server: RangeServer;
    let studio: Studio;
    let page: Page;

    beforeAll(async () => {
      server = await serveRanges(new Map([['rat.nwb', readFileSync(RECORDING)]]));
      studio = await openStudio();
      page = studio.page;
      page.setDefaultTimeout(60_000);
      await page.locator('.chip.adapter').waitFor();
    });

    afterAll(async () => {
      await studio?.close();
      await server?.stop();
      await stopServing();
    });

    const open = async (address: string) => {
      await page.getByLabel('Open an address').fill(address);
      await page.getByRole('button', { name: 'Open', exact: true }).click();
    };
    const region = () => page.getByRole('region', { name: 'Reading a recording' });

    it.each<[string, string, RegExp]>([
      ['no server', 'rat.nwb', /address that begins with https:\/\/ or http:\/\//],
      [
        'no leave to read it',
        '/closed/rat.nwb',
        /broken connection[\s\S]*allows this page to read it \(CORS\)/i,
      ],
      ['no parts', '/whole/rat.nwb', /HTTP ranges[\s\S]*download it and open the copy/i],
      ['no such file', '/good/cat.nwb', /status 404[\s\S]*check the address/i],
      ['a broken connection', '/broken/rat.nwb', /broken connection[\s\S]*download it/i],
    ])('says so when there is %s', async (_, path, message) => {
      await open(path.startsWith('/') ? server.origin + path : path);
      const box = page.locator('.fault');
      await box.waitFor();
      expect(await box.innerText()).toMatch(message);
      await box.getByRole('button', { name: 'Dismiss' }).click();
    });

    it('stops when asked to, and leaves nothing behind', async () => {
      await open(`${server.origin}/slow/rat.nwb`);
      await region()
        .getByText(/ received/)
        .waitFor();
      await shoot(page, 'address-reading');
      await region().getByRole('button', { name: 'Cancel' }).click();
      await page.getByText('Cancelled: nothing was added.').waitFor();
      await region().waitFor({ state: 'detached' });
      expect(await page.locator('tbody tr, .fault').count()).toBe(0);
      expect(await page.getByRole('region', { name: /^Choose series/ }).count()).toBe(0);
    });

    it('reads what is needed, and has it back after a reload', async () => {
      await open(`${server.origin}/good/rat.nwb`);
      const row = page.locator('tbody tr', { has: page.getByRole('radio', { name: 'rat' }) });
      const add = page.getByRole('button', { name: 'Add this recording' });
      await row.or(add).waitFor();
      if (await add.isVisible()) await add.click();
      await row.waitFor();
      expect(await page.getByLabel('Open an address').inputValue()).toBe('');
      const before = await row.innerText();
      await server.stop();
      await page.reload();
      await row.waitFor();
      expect(await row.innerText()).toBe(before);
      expect(await page.locator('.fault').count()).toBe(0);
      // The browser itself notes each refused or broken request.
      const own = studio.problems.filter((text) => !/CORS|Failed to load resource/.test(text));
      expect(own).toEqual([]);
    });
  },
);
