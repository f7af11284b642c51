// A recording too long to keep as samples: read block by block with its progress, stopped without a trace, kept as frames.
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type Studio, shoot, stopServing } from './studioPage';

/** 64 channels at 1 kHz for 10 min: 154 MB as float32, more than the studio keeps as samples. */
const CHANNELS = 64;
const RATE_HZ = 1000;
const LENGTH_S = 600;

describe('a long recording', () => {
  let studio: Studio;
  let page: Page;

  beforeAll(async () => {
    studio = await openStudio();
    page = studio.page;
    page.setDefaultTimeout(120_000);
    await page.locator('.chip.adapter').waitFor();
  });

  afterAll(async () => {
    await studio?.close();
    await stopServing();
  });

  const reading = () => page.getByRole('region', { name: 'Reading a recording' });
  const add = async () => {
    const choice = page.getByRole('region', { name: 'Choose series: long.npy' });
    await choice.getByLabel('Sampled at (Hz)').fill(String(RATE_HZ));
    await choice.getByRole('button', { name: 'Add this recording' }).click();
  };

  it('shows how far it is, and stops without a trace', async () => {
    await dropMadeArray(page);
    await add();
    await reading()
      .getByText(/\d+ %, [\d.]+ times real time, .* left/)
      .waitFor();
    await shoot(page, 'long-reading');
    await reading().getByRole('button', { name: 'Cancel' }).click();
    await page.getByText('Cancelled: nothing of long.npy was kept.').waitFor();
    await reading().waitFor({ state: 'detached' });
    expect(await page.locator('tbody tr, .fault').count()).toBe(0);
    expect(await filesKept(page)).toEqual([]);
  });

  it('is kept as frames, and says so', async () => {
    // What was cancelled waits for another choice.
    await add();
    const row = page.locator('tbody tr', { has: page.getByRole('radio', { name: 'long' }) });
    await row.waitFor();
    const cells = (await row.locator('td').allInnerTexts()).map((text) => text.trim());
    expect(cells.slice(1, 4)).toEqual([String(CHANNELS), '100 Hz', '10 min']);
    expect(cells[5]).toBe('realtime, on import');
    expect(cells[6]).toMatch(/brought to 100 Hz on import .* its samples were not kept/);
    await page.getByText(/Made on import by the realtime front end with a 60 Hz notch/).waitFor();
    await shoot(page, 'long-kept');
    expect(await filesKept(page)).toHaveLength(2);
    expect(await page.locator('.fault').count()).toBe(0);
    expect(studio.problems).toEqual([]);
  });
});

/** Made in the page, of one second over and over: nothing so large travels there. */
async function dropMadeArray(page: Page): Promise<void> {
  const zone = page.getByRole('region', { name: 'Add recordings' });
  await zone.evaluate(
    (element, [channels, rateHz, lengthS]) => {
      const shape = `(${rateHz * lengthS}, ${channels})`;
      const head = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117);
      const prefix = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0);
      const second = Float32Array.from({ length: rateHz * channels }, (_, i) =>
        Math.sin((2 * Math.PI * (3 + (i % channels)) * Math.floor(i / channels)) / rateHz),
      );
      const blocks = Array.from({ length: lengthS }, () => second);
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([prefix, `${head}\n`, ...blocks], 'long.npy'));
      element.dispatchEvent(
        new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer }),
      );
    },
    [CHANNELS, RATE_HZ, LENGTH_S] as const,
  );
}

/** Names of the recordings' files in the origin's own storage. */
function filesKept(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const studio = await root.getDirectoryHandle('realm-studio');
    const folder = await studio.getDirectoryHandle('recordings');
    const names: string[] = [];
    for await (const name of folder.keys()) names.push(name);
    return names;
  });
}
