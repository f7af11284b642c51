// A browser without WebGPU gets an explanation instead of a broken page.
import { afterAll, expect, it } from 'vitest';
import { openStudio, shoot, stopServing } from './studioPage';

afterAll(stopServing);

it('explains what is missing and what to do', async () => {
  const { page, close } = await openStudio({ hasWebGpu: false });
  try {
    await page.getByRole('heading', { name: 'REALM Studio needs WebGPU' }).waitFor();
    const text = await page.locator('body').innerText();
    for (const expected of ['What to do', 'Windows', 'macOS', 'Linux', 'Safari', 'Firefox']) {
      expect(text).toContain(expected);
    }
    expect(await page.getByRole('tab').count()).toBe(0);
    await shoot(page, 'gate-light');
  } finally {
    await close();
  }
});

it('lets a browser with WebGPU in (control)', async () => {
  const { page, close } = await openStudio();
  try {
    await page.getByRole('tab', { name: 'Sessions' }).waitFor();
    expect(await page.getByText('needs WebGPU').count()).toBe(0);
  } finally {
    await close();
  }
});
