// Real recordings in the page: files of one shape, a rejected channel, an export taken back, mains hum.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readArrow } from '../src/data/formats/arrow';
import { parseNpy } from '../src/data/formats/npy';
import { dropFiles, openStudio, readout, type Studio, shoot, stopServing } from './studioPage';

const DATA = fileURLToPath(new URL('../../shared/data/', import.meta.url));
const FORCE = `${DATA}monkey-force/ADAN_Day0_rawlfp.npz`;
const HUMMING = `${DATA}monkey-ecog/monkey_ecog_64ch_1kHz.nwb`;
const NAMES = ['force-1', 'force-2', 'force-3'];
const OUTPUTS = ['force x', 'force y'];
const RATE_HZ = 20;
const STEPS_WANTED = 3;
/** A software adapter shared with other work takes seconds for a step. */
const PATIENCE_MS = 240_000;
/** The spectrum beside the mains is flat: hum that is gone stands no higher than this over it. */
const MAX_RATIO_WITHOUT_HUM = 1.5;

interface Slice {
  name: string;
  channels: string[];
  /** `[sample][channel, then output]` */
  rows: number[][];
}

describe.skipIf(!existsSync(FORCE))(
  `three real files of one shape${existsSync(FORCE) ? '' : ' (skipped: no ../shared/data/monkey-force)'}`,
  { timeout: PATIENCE_MS },
  () => {
    let studio: Studio;
    let page: Page;
    let slices: Slice[];
    let rejected: string;
    let exported: Buffer;

    beforeAll(async () => {
      slices = await slicesOf(FORCE, NAMES);
      rejected = slices[1].channels[30];
      studio = await openReadyStudio();
      page = studio.page;
    });

    afterAll(async () => {
      await studio?.close();
      await stopServing();
    });

    it('maps one and applies it to the rest', async () => {
      await dropFiles(page, slices.map(asCsv));
      await page.getByText('Then waiting for a choice: force-2.csv, force-3.csv').waitFor();
      const apply = page.getByRole('button', { name: 'Add it and apply to the other 2 files' });
      expect(await apply.isDisabled()).toBe(true);
      const rates = page.getByLabel('Sampled at (Hz)');
      expect(await rates.count()).toBe(2);
      for (const rate of await rates.all()) await rate.fill(String(RATE_HZ));
      await apply.click();
      for (const name of NAMES) {
        expect(await cellsOf(page, name)).toEqual(['96', '20 Hz', '7 min', OUTPUTS.join(', ')]);
      }
      expect(await page.getByRole('region', { name: /^Choose series/ }).count()).toBe(0);
    });

    it('rejects a channel, and shows the split', async () => {
      await page.getByRole('radio', { name: 'force-2' }).check();
      const quality = page.getByRole('region', { name: 'Channel quality' });
      await quality.getByLabel('Channel', { exact: true }).selectOption(rejected);
      await quality.getByRole('button', { name: 'Reject', exact: true }).click();
      await quality.getByRole('button', { name: `Take back ${rejected}` }).waitFor();
      expect((await cellsOf(page, 'force-2'))[0]).toBe('95 of 96');
      expect((await cellsOf(page, 'force-1'))[0]).toBe('96');
      const preparation = page.getByRole('region', { name: 'Front end and split' });
      const summary = preparation.getByText('contiguous, last 20 % tested, 5 s guard');
      await summary.waitFor();
      expect(await summary.innerText()).toMatch(/train \d+ %\s*validation \d+ %\s*test \d+ %/);
      expect(await preparation.locator('.folds .fold-test').count()).toBe(1);
      await shoot(page, 'recordings-rejected');
    });

    it('trains from the result', async () => {
      await page.getByRole('tab', { name: /^2/ }).click();
      await page.getByLabel('Preset').selectOption('nano');
      await page.getByRole('button', { name: 'Train the teacher' }).click();
      await page.locator('[data-readout="Step"]').first().waitFor();
      const stepNow = async () =>
        Number.parseInt((await readout(page, 'Step')).replace(/\s/g, ''), 10);
      await expect.poll(stepNow, { timeout: PATIENCE_MS / 2 }).toBeGreaterThanOrEqual(STEPS_WANTED);
      // Losses come back from the GPU some steps later.
      await expect
        .poll(() => readout(page, 'Training loss').then(Number), { timeout: PATIENCE_MS / 4 })
        .toBeGreaterThan(0);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByText(/nano \(not paper scale\), .* parameters, 96 channels/).waitFor();
    });

    it('exports every value and the rejection', async () => {
      await page.getByRole('tab', { name: /^1/ }).click();
      exported = await exportOf(page, 'force-2');
      const { lfp, behaviour, channelMask } = readArrow(exported, 'force-2.arrow');
      const { channels, rows } = slices[1];
      expect(lfp.names).toEqual(channels);
      expect([lfp.rateHz, lfp.sampleCount]).toEqual([RATE_HZ, rows.length]);
      expect(channels.filter((_, c) => channelMask?.[c] === 0)).toEqual([rejected]);
      const width = channels.length;
      expect(lfp.data).toEqual(Float32Array.from(rows.flatMap((row) => row.slice(0, width))));
      expect(behaviour?.data).toEqual(Float32Array.from(rows.flatMap((row) => row.slice(width))));
    });

    it('has the same session back from the exported file', async () => {
      const before = await cellsOf(page, 'force-2');
      await page.getByRole('button', { name: 'Remove force-2' }).click();
      await rowOf(page, 'force-2').waitFor({ state: 'detached' });
      await dropFiles(page, [{ name: 'force-2.arrow', mimeType: '', buffer: exported }]);
      expect(await cellsOf(page, 'force-2')).toEqual(before);
      const quality = page.getByRole('region', { name: 'Channel quality' });
      await quality.getByRole('button', { name: `Take back ${rejected}` }).waitFor();
      expect(
        await quality.getByLabel('Channel', { exact: true }).locator('option').allInnerTexts(),
      ).toEqual(slices[1].channels);
      expect(exported.equals(await exportOf(page, 'force-2'))).toBe(true);
    });

    it('told of no problem on the way', async () => {
      expect(await page.locator('.fault').allInnerTexts()).toEqual([]);
      expect(studio.problems).toEqual([]);
    });
  },
);

describe.skipIf(!existsSync(HUMMING))(
  `a real recording with mains hum${existsSync(HUMMING) ? '' : ' (skipped: no ../shared/data/monkey-ecog)'}`,
  { timeout: PATIENCE_MS },
  () => {
    let studio: Studio;

    beforeAll(async () => {
      studio = await openReadyStudio();
    });

    afterAll(async () => {
      await studio?.close();
      await stopServing();
    });

    it('names the hum, offers the notch that takes it, and says that it does', async () => {
      const { page, problems } = studio;
      await dropFiles(page, HUMMING);
      const quality = page.getByRole('region', { name: 'Channel quality' });
      const before = await quality.getByText(/behind the 60 Hz notch that is set/).innerText();
      const hum =
        /There is 50 Hz hum: .* channel ([\d.]+) times .*, still ([\d.]+) times behind the 60/.exec(
          before,
        );
      expect(Number(hum?.[1]), before).toBeGreaterThan(3);
      expect(Number(hum?.[2]), before).toBeGreaterThan(3);
      const mains = page.getByLabel('Mains');
      expect(await mains.inputValue()).toBe('60');
      const offer = quality.getByRole('button', { name: 'Set the notch to 50 Hz' });
      await offer.click();
      await offer.waitFor({ state: 'detached' });
      const after = await quality.getByText(/behind the 50 Hz notch that is set/).innerText();
      const left = /, ([\d.]+) times behind the 50 Hz notch that is set/.exec(after);
      expect(Number(left?.[1]), after).toBeLessThan(MAX_RATIO_WITHOUT_HUM);
      await page.getByLabel('behind the 50 Hz notch').check();
      expect(await mains.inputValue()).toBe('50');
      const prepared = page.getByRole('region', { name: 'Front end and split' });
      await prepared.getByText(/frames at .* Hz/).waitFor();
      await page.getByText('Power spectral density (Welch), 50 Hz notched').waitFor();
      await shoot(page, 'recordings-hum');
      expect(await page.locator('.fault').allInnerTexts()).toEqual([]);
      expect(problems).toEqual([]);
    });
  },
);

async function openReadyStudio(): Promise<Studio> {
  const studio = await openStudio();
  studio.page.setDefaultTimeout(PATIENCE_MS / 2);
  await studio.page.locator('.chip.adapter').waitFor();
  return studio;
}

/** Consecutive parts of the recording. */
async function slicesOf(path: string, names: readonly string[]): Promise<Slice[]> {
  const arrays = unzipSync(await readFile(path));
  const lfp = parseNpy(arrays['lfp_data.npy'], 'lfp_data');
  const targets = parseNpy(arrays['targets.npy'], 'targets');
  const [channelCount, , frameCount] = lfp.shape;
  const channels = Array.from({ length: channelCount }, (_, c) => `ch ${c + 1}`);
  const rowAt = (t: number) => [
    ...channels.map((_, c) => lfp.data[c * frameCount + t]),
    ...OUTPUTS.map((_, k) => targets.data[t * OUTPUTS.length + k]),
  ];
  const length = Math.floor(frameCount / names.length);
  return names.map((name, i) => ({
    name,
    channels,
    rows: Array.from({ length }, (_, t) => rowAt(i * length + t)),
  }));
}

/** Without a clock, as many a lab's tables: the rate has to be stated. */
function asCsv({ name, channels, rows }: Slice) {
  const lines = [[...channels, ...OUTPUTS], ...rows].map((row) => row.join(','));
  return { name: `${name}.csv`, mimeType: 'text/csv', buffer: Buffer.from(lines.join('\n')) };
}

function rowOf(page: Page, name: string) {
  return page.locator('tbody tr', { has: page.getByRole('radio', { name }) });
}

/** Channels, rate, length and behaviour of a session in the table, once it is there. */
async function cellsOf(page: Page, name: string): Promise<string[]> {
  const row = rowOf(page, name);
  await row.waitFor();
  const cells = await row.locator('td').allInnerTexts();
  return cells.slice(1, 5).map((text) => text.trim());
}

async function exportOf(page: Page, name: string): Promise<Buffer> {
  const waiting = page.waitForEvent('download');
  await page.getByRole('button', { name: `Export ${name} as one Arrow file` }).click();
  const download = await waiting;
  expect(download.suggestedFilename()).toBe(`${name}.arrow`);
  return readFile(await download.path());
}
