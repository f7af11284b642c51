// Every real recording beside the checkout: what is listed, and checksums that SciPy and h5py give for the same values.
import { existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { extractFeatures } from './features';
import type { OpenFile } from './formats/fileFormat';
import { applyMapping, proposeMapping } from './mapping';
import { type FileSource, openFile, openFiles } from './readers';

const FOLDER = join(__dirname, '../../../shared/data');
const GRIP = 'grip-force/sub-testsub_ses-EphysMedOff_task-gripforce_run-0_ieeg';
/** Sums of float32 values differ by their order only. */
const RELATIVE = 1e-6;

function onDisk(path: string): FileSource {
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

function open(...files: string[]): Promise<OpenFile[]> {
  return openFiles(files.map((file) => onDisk(join(FOLDER, file))));
}

interface Listed {
  files: string[];
  path: string;
  shape: [number, number];
  rateHz: number;
  unit: string;
  gaps?: [number, number][];
  /** Count, sum and sum of magnitudes of the finite values. */
  checksum: [count: number, sum: number, magnitude: number];
}

const LISTED: Listed[] = [
  {
    files: ['formats/TEST_UN001.ns2'],
    path: 'behaviour',
    shape: [79698, 6],
    rateHz: 1000,
    unit: 'mV',
    checksum: [478188, 999227.8804440945, 21144424.268832877],
  },
  {
    files: ['formats/blackrock_blackrock_2_1_l101210-001.ns2'],
    path: 'electrodes',
    shape: [3641, 6],
    rateHz: 1000,
    unit: 'uV',
    checksum: [21846, 14839261, 14839261],
  },
  {
    files: ['formats/test_BRSMPGRP_raw.ns3'],
    path: 'electrodes',
    shape: [300, 128],
    rateHz: 2000,
    unit: 'uV',
    gaps: [[100, 150]],
    checksum: [32000, 55718383.7890625, 55718383.7890625],
  },
  {
    files: ['formats/LAHC1.ncs'],
    path: 'LAHC1',
    shape: [11691, 1],
    rateHz: 2000,
    unit: 'uV',
    checksum: [11691, -34184.87548828125, 27135259.09423828],
  },
  {
    files: ['formats/LAHC1_3_gaps.ncs'],
    path: 'LAHC1',
    shape: [11691, 1],
    rateHz: 2000,
    unit: 'uV',
    gaps: [
      [5020, 5120],
      [8185, 8192],
      [10729, 10752],
    ],
    checksum: [11561, -25180.6640625, 26835130.004882812],
  },
  {
    files: ['formats/LAHC1.mat'],
    path: 'LAHC1',
    shape: [11691, 1],
    rateHz: 2000,
    unit: 'uV',
    checksum: [11691, -34184.87548828125, 27135259.09423828],
  },
  {
    files: ['formats/ft_CNT_epoched_v7.mat'],
    path: 'data.trial',
    shape: [1339, 125],
    rateHz: 400,
    unit: '',
    gaps: [
      [8, 677],
      [685, 1331],
    ],
    checksum: [3000, -92478.48510742188, 120481.18591308594],
  },
  {
    files: ['formats/ft_CNT_epoched_v73.mat'],
    path: 'data.trial',
    shape: [1339, 125],
    rateHz: 400,
    unit: '',
    gaps: [
      [8, 677],
      [685, 1331],
    ],
    checksum: [3000, -92478.48510742188, 120481.18591308594],
  },
  {
    files: ['monkey-force/ADAN_Day0.mat'],
    path: 'binnedData.forcedatabin',
    shape: [24000, 2],
    rateHz: 20,
    unit: '',
    checksum: [48000, -69862895.81657797, 92504712.11433595],
  },
  {
    files: ['monkey-force/ADAN_Day0.mat'],
    path: 'binnedData.spikeratedata',
    shape: [24000, 96],
    rateHz: 20,
    unit: '',
    checksum: [2304000, 93362260, 93362260],
  },
  {
    files: ['monkey-force/ADAN_Day0.mat'],
    path: 'binnedData.emgdatabin',
    shape: [24000, 14],
    rateHz: 20,
    unit: '',
    checksum: [336000, 548120.3653714386, 548341.2150265354],
  },
  {
    files: [`${GRIP}.vhdr`, `${GRIP}.eeg`, `${GRIP}.vmrk`],
    path: 'electrodes',
    shape: [19001, 9],
    rateHz: 1000,
    unit: 'uV',
    checksum: [171009, 17189334452.960876, 4715899189845.131],
  },
  {
    files: ['grip-force/sub-000_force_run-3_FEATURES.csv'],
    path: 'electrodes',
    shape: [2810, 63],
    rateHz: 10,
    unit: '',
    checksum: [177030, -508.7409231622614, 143369.90433975868],
  },
  {
    files: ['grip-force/gripforce_ecog_stn.nwb'],
    path: '/acquisition/ElectricalSeries',
    shape: [19001, 9],
    rateHz: 1000,
    unit: 'volts',
    checksum: [171009, 17189.335390272434, 4715899.162427882],
  },
  {
    files: ['rat-lfp/rat_r1838_lfp_position.nwb'],
    path: '/processing/ecephys/LFP/ElectricalSeries',
    shape: [300250, 3],
    rateHz: 250,
    unit: 'volts',
    checksum: [900750, -39399333.984375, 62611320.703125],
  },
  {
    files: ['rat-lfp/rat_r1838_lfp_position.nwb'],
    path: '/processing/behavior/Position/SpatialSeries',
    shape: [60050, 2],
    rateHz: 50,
    unit: 'meters',
    checksum: [118252, 69719.83551045787, 69719.83551045787],
  },
  {
    files: ['monkey-ecog/monkey_ecog_64ch_1kHz.nwb'],
    path: '/acquisition/ElectricalSeries',
    shape: [300000, 64],
    rateHz: 1000,
    unit: 'volts',
    checksum: [19200000, 38011, 5131660157],
  },
];

describe('real files, read in slices', () => {
  for (const wanted of LISTED) {
    const isHere = existsSync(join(FOLDER, wanted.files[0]));
    const title = `${basename(wanted.files[0])} ${wanted.path}${isHere ? '' : ' (absent: ../shared/data is not here)'}`;
    test.skipIf(!isHere)(title, async () => {
      const [file] = await open(...wanted.files);
      try {
        const series = file.series.find(({ path }) => path === wanted.path);
        expect(series?.shape).toEqual(wanted.shape);
        expect(series?.unit).toBe(wanted.unit);
        const clock = await file.readClock(wanted.path);
        expect(clock.rateHz).toBeCloseTo(wanted.rateHz, 2);
        expect(clock.gaps.map((gap) => [gap.startSample, gap.endSample])).toEqual(
          wanted.gaps ?? [],
        );
        let count = 0;
        let sum = 0;
        let magnitude = 0;
        // An odd length, so that slices end inside packets and chunks.
        for (let start = 0; start < clock.sampleCount; start += 9973) {
          const end = Math.min(clock.sampleCount, start + 9973);
          const values = await file.readSlice(wanted.path, start, end);
          for (const value of values) {
            if (!Number.isFinite(value)) continue;
            count += 1;
            sum += value;
            magnitude += Math.abs(value);
          }
        }
        expect(count).toBe(wanted.checksum[0]);
        expect(Math.abs(sum - wanted.checksum[1])).toBeLessThan(RELATIVE * wanted.checksum[2]);
        expect(Math.abs(magnitude / wanted.checksum[2] - 1)).toBeLessThan(RELATIVE);
      } finally {
        file.close();
      }
    });
  }

  const PAUSED = 'formats/blackrock_segment_PauseCorrect_pause_correct.ns2';
  const hasPaused = existsSync(join(FOLDER, PAUSED));
  test.skipIf(!hasPaused)(
    `a Blackrock pause becomes a gap of the features${hasPaused ? '' : ' (absent: ../shared/data is not here)'}`,
    async () => {
      const [file] = await open(PAUSED);
      // Both groups of channels of this file are analog inputs; hands stand in for LFP here.
      const session = await file.readSession({ lfp: 'behaviour', behaviour: ['auxiliary'] });
      expect(session.lfp.gaps).toEqual([{ startSample: 4000, endSample: 31009 }]);
      const { frameValid } = extractFeatures(session, { kind: 'realtime' });
      expect(frameValid?.[399]).toBe(1);
      expect(frameValid?.subarray(400, 3101).every((valid) => valid === 0)).toBe(true);
      expect(frameValid?.[3200]).toBe(1);
    },
  );

  const CHANNELS = ['formats/LAHC1.ncs', 'formats/LAHC1_3_gaps.ncs'];
  const hasChannels = CHANNELS.every((file) => existsSync(join(FOLDER, file)));
  test.skipIf(!hasChannels)(
    'channels of one clock lie side by side, those of another apart',
    async () => {
      const [twice] = await open(CHANNELS[0], CHANNELS[0]);
      expect(twice.series.map(({ shape }) => shape)).toEqual([[11691, 2]]);
      const [mixed] = await open(...CHANNELS);
      expect(mixed.series.map(({ shape }) => shape)).toEqual([
        [11691, 1],
        [11691, 1],
      ]);
    },
  );

  const hasGrip = existsSync(join(FOLDER, `${GRIP}.vhdr`));
  test.skipIf(!hasGrip)(
    'a wrong unit is warned of and mended by a gain; the same signal lies in the NWB file',
    async () => {
      const [file] = await open(`${GRIP}.vhdr`, `${GRIP}.eeg`);
      expect(file.warnings.join()).toMatch(/which no electrode gives/);
      const { mapping } = proposeMapping(file);
      const mended = { ...mapping, lfp: { ...mapping.lfp, gain: 1e-6 } };
      const session = await applyMapping(file, JSON.parse(JSON.stringify(mended)));
      const [nwb] = await open('grip-force/gripforce_ecog_stn.nwb');
      const same = await nwb.readSession({ lfp: '/acquisition/ElectricalSeries' });
      expect(session.lfp.names).toEqual(same.lfp.names);
      session.lfp.data.forEach((value, i) => {
        if (Math.abs(value - same.lfp.data[i]) > 1e-4 * Math.abs(value) + 1e-4)
          expect(value).toBe(same.lfp.data[i]);
      });
      nwb.close();
    },
  );

  const REFUSED: [file: string, message: RegExp][] = [
    [`${GRIP}.eeg`, /choose its .vhdr file too/],
    [`${GRIP}.vmrk`, /choose the .vhdr and .eeg files too/],
    [`${GRIP}.vhdr`, /expected the data file "sub-testsub.*_ieeg.eeg" together with/],
    [`${GRIP}.json`, /got an unknown format/],
    [
      'grip-force/sub-testsub_ses-EphysMedOff_task-gripforce_run-0_channels.tsv',
      /at least 16 rows of numbers/,
    ],
    ['formats/pynapple_A8604-211122.nwb', /expected an ElectricalSeries with LFP/],
  ];
  for (const [name, message] of REFUSED) {
    const isHere = existsSync(join(FOLDER, name));
    test.skipIf(!isHere)(
      `${basename(name)} alone is refused${isHere ? '' : ' (absent: ../shared/data is not here)'}`,
      async () => {
        await expect(openFile(onDisk(join(FOLDER, name)))).rejects.toThrow(message);
      },
    );
  }

  const folders = existsSync(FOLDER)
    ? readdirSync(FOLDER).filter((name) => !name.includes('.'))
    : [];
  test.skipIf(folders.length === 0)(
    'every other file opens or says in one sentence why not',
    async () => {
      for (const folder of folders) {
        for (const name of readdirSync(join(FOLDER, folder))) {
          const outcome = await openFile(onDisk(join(FOLDER, folder, name))).catch(
            (error: Error) => error.message,
          );
          if (typeof outcome === 'string')
            expect(outcome).toMatch(/^\[\w+\] expected [^\n]+, got [^\n]+: [^\n]+$/);
          else outcome.close();
        }
      }
    },
  );
});
