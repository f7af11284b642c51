// Real recordings beside the checkout: every reader and front end on what laboratories actually write.
import { existsSync, openSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { extractFeatures } from './features';
import { applyMapping, choiceOf, proposeMapping } from './mapping';
import { fitNormalisation, normalise } from './normalisation';
import { type FileSource, openFile } from './readers';
import { contiguousSplit } from './splits';

const FOLDER = join(__dirname, '../../../shared/data');

function fileOnDisk(path: string): FileSource {
  const descriptor = openSync(path, 'r');
  return {
    name: basename(path),
    path,
    byteLength: statSync(path).size,
    async slice(start, end) {
      const bytes = new Uint8Array(end - start);
      return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, start));
    },
  };
}

interface Expected {
  file: string;
  lfpShape: [number, number];
  lfpRateHz: number;
  behaviour: string[];
  frameRateHz: number;
  frameCount: number;
}

const RECORDINGS: Expected[] = [
  {
    file: 'monkey-force/ADAN_Day0_rawlfp.npz',
    lfpShape: [24000, 96],
    lfpRateHz: 20,
    behaviour: ['target 1', 'target 2'],
    frameRateHz: 20,
    frameCount: 24000,
  },
  {
    file: 'ecog-fingers/sub2_features_20Hz.npz',
    lfpShape: [5995, 288],
    lfpRateHz: 20,
    behaviour: ['thumb', 'index', 'middle', 'ring', 'little'],
    frameRateHz: 20,
    frameCount: 5995,
  },
  {
    file: 'grip-force/gripforce_ecog_stn.nwb',
    lfpShape: [19001, 9],
    lfpRateHz: 1000,
    behaviour: ['grip_force'],
    frameRateHz: 100,
    frameCount: 1901,
  },
  {
    file: 'rat-lfp/rat_r1838_lfp_position.nwb',
    lfpShape: [300250, 3],
    lfpRateHz: 250,
    behaviour: ['SpatialSeries x', 'SpatialSeries y'],
    frameRateHz: 100,
    frameCount: 120100,
  },
  {
    file: 'monkey-ecog/monkey_ecog_64ch_1kHz.nwb',
    lfpShape: [300000, 64],
    lfpRateHz: 1000,
    behaviour: [],
    frameRateHz: 100,
    frameCount: 30000,
  },
  {
    file: 'formats/matnwb_ecephys_tutorial_2.0b_0bab88c3.nwb',
    lfpShape: [1000, 10],
    lfpRateHz: 200,
    behaviour: [],
    frameRateHz: 100,
    frameCount: 500,
  },
];

describe('real recordings', () => {
  for (const expected of RECORDINGS) {
    const path = join(FOLDER, expected.file);
    const isHere = existsSync(path);
    const title = `${expected.file}${isHere ? '' : ' (absent: ../shared/data is not here)'}`;
    test.skipIf(!isHere)(title, async () => {
      const file = await openFile(fileOnDisk(path));
      const session = await applyMapping(file, proposeMapping(file).mapping);
      file.close();
      expect([session.lfp.sampleCount, session.lfp.names.length]).toEqual(expected.lfpShape);
      expect(session.lfp.rateHz).toBeCloseTo(expected.lfpRateHz, 3);
      expect(session.behaviour?.names ?? []).toEqual(expected.behaviour);
      expect(session.id).toMatch(/^[0-9a-f]{16}$/);

      const startedMs = performance.now();
      const features = extractFeatures(session, { kind: 'realtime' });
      const elapsedMs = performance.now() - startedMs;
      console.log(
        `${expected.file}: ${session.warnings.join(' ')} front end ${elapsedMs.toFixed(0)} ms, ` +
          `delay ${features.groupDelayMs.toFixed(1)} ms`,
      );
      expect(features.frameRateHz).toBeCloseTo(expected.frameRateHz, 3);
      expect(features.frameCount).toBe(expected.frameCount);
      expect(features.lfp.every(Number.isFinite)).toBe(true);
      const whole = [{ start: 0, end: features.frameCount }];
      const train =
        features.frameCount > 60 * features.frameRateHz ? contiguousSplit(features).train : whole;
      const scored = normalise(features, fitNormalisation(features, train));
      const refit = fitNormalisation(scored, train);
      for (let c = 0; c < features.channelCount * features.bandCount; c++) {
        if (features.channelMask[Math.floor(c / features.bandCount)] === 0) continue;
        expect(Math.abs(refit.lfpMean[c])).toBeLessThan(1e-3);
        expect(Math.abs(refit.lfpScale[c] - 1)).toBeLessThan(1e-3);
      }
    });
  }

  const tutorial = join(FOLDER, 'formats/pynwb_ecephys_tutorial_v2.5.0.nwb');
  const unitsOnly = join(FOLDER, 'formats/pynapple_A8604-211122.nwb');
  test.skipIf(!existsSync(tutorial))('a quarter of a second of LFP is refused', async () => {
    const file = await openFile(fileOnDisk(tutorial));
    const choice = choiceOf(proposeMapping(file).mapping);
    expect(choice.lfp).toBe('/processing/ecephys/LFP/ElectricalSeries');
    await expect(file.readSession(choice)).rejects.toThrow(
      /expected at least 1 s of LFP, got 0.250 s/,
    );
  });
  test.skipIf(!existsSync(unitsOnly))('a file without any LFP is refused', async () => {
    await expect(openFile(fileOnDisk(unitsOnly))).rejects.toThrow(/expected an ElectricalSeries/);
  });
});
