// Every real recording beside the checkout: what is listed, what is refused, and values whose checksums h5py, SciPy and NumPy give.
import { existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { extractFeatures } from './features';
import type { OpenFile } from './formats/fileFormat';
import { applyMapping, proposeMapping } from './mapping';
import { type FileSource, openFile, openFiles } from './readers';

const FOLDER = join(__dirname, '../../../shared/data');
const GRIP = 'grip-force/sub-testsub_ses-EphysMedOff_task-gripforce_run-0_ieeg';
/** One rounding to float32. */
const FLOAT32_EPSILON = 2 ** -24;
const CHECKSUMS = join(__dirname, '../../e2e/realFileChecksums.json');

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
}

const LISTED: Listed[] = [
  {
    files: ['formats/TEST_UN001.ns2'],
    path: 'behaviour',
    shape: [79698, 6],
    rateHz: 1000,
    unit: 'mV',
  },
  {
    files: ['formats/blackrock_blackrock_2_1_l101210-001.ns2'],
    path: 'electrodes',
    shape: [3641, 6],
    rateHz: 1000,
    unit: 'uV',
  },
  {
    files: ['formats/test_BRSMPGRP_raw.ns3'],
    path: 'electrodes',
    shape: [300, 128],
    rateHz: 2000,
    unit: 'uV',
    gaps: [[100, 150]],
  },
  {
    files: ['formats/LAHC1.ncs'],
    path: 'LAHC1',
    shape: [11691, 1],
    rateHz: 2000,
    unit: 'uV',
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
  },
  {
    files: ['formats/LAHC1.mat'],
    path: 'LAHC1',
    shape: [11691, 1],
    rateHz: 2000,
    unit: 'uV',
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
  },
  {
    files: ['monkey-force/ADAN_Day0.mat'],
    path: 'binnedData.forcedatabin',
    shape: [24000, 2],
    rateHz: 20,
    unit: '',
  },
  {
    files: ['monkey-force/ADAN_Day0.mat'],
    path: 'binnedData.spikeratedata',
    shape: [24000, 96],
    rateHz: 20,
    unit: '',
  },
  {
    files: ['monkey-force/ADAN_Day0.mat'],
    path: 'binnedData.emgdatabin',
    shape: [24000, 14],
    rateHz: 20,
    unit: '',
  },
  {
    files: [`${GRIP}.vhdr`, `${GRIP}.eeg`, `${GRIP}.vmrk`],
    path: 'electrodes',
    shape: [19001, 9],
    rateHz: 1000,
    unit: 'uV',
  },
  {
    files: ['grip-force/sub-000_force_run-3_FEATURES.csv'],
    path: 'electrodes',
    shape: [2810, 63],
    rateHz: 10,
    unit: '',
  },
  {
    files: ['grip-force/gripforce_ecog_stn.nwb'],
    path: '/acquisition/ElectricalSeries',
    shape: [19001, 9],
    rateHz: 1000,
    unit: 'volts',
  },
  {
    files: ['rat-lfp/rat_r1838_lfp_position.nwb'],
    path: '/processing/ecephys/LFP/ElectricalSeries',
    shape: [300250, 3],
    rateHz: 250,
    unit: 'volts',
  },
  {
    files: ['rat-lfp/rat_r1838_lfp_position.nwb'],
    path: '/processing/behavior/Position/SpatialSeries',
    shape: [60050, 2],
    rateHz: 50,
    unit: 'meters',
  },
  {
    files: ['monkey-ecog/monkey_ecog_64ch_1kHz.nwb'],
    path: '/acquisition/ElectricalSeries',
    shape: [300000, 64],
    rateHz: 1000,
    unit: 'volts',
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

  const isHere = existsSync(FOLDER);
  const title = `every file, against other readers${isHere ? '' : ' (absent: ../shared/data is not here)'}`;
  test.skipIf(!isHere)(title, async () => {
    const wanted: Record<string, Record<string, Checksum>> = JSON.parse(
      readFileSync(CHECKSUMS, 'utf8'),
    );
    const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(FOLDER, join(entry.parentPath, entry.name)))
      .sort();
    const rows = [['file', 'format', 'series', 'shape', 'rate', 'unit', 'gaps', 'checksum']];
    for (const name of files) {
      // A header belongs to its data, which is refused alone.
      const parts = name.endsWith('.vhdr') ? [name, name.replace('.vhdr', '.eeg')] : [name];
      const opened = await open(...parts).catch((error: Error) => error.message);
      if (typeof opened === 'string') {
        expect(opened).toMatch(/^\[\w+\] expected [^\n]+, got [^\n]+: [^\n]+$/);
        expect(wanted[name]).toBeUndefined();
        rows.push([name, 'refused', opened]);
        continue;
      }
      const [file] = opened;
      expect(file.series.map(({ path }) => path).sort()).toEqual(
        Object.keys(wanted[name] ?? {}).sort(),
      );
      for (const { path, unit, columns } of file.series) {
        const { rateHz, sampleCount, gaps } = await file.readClock(path);
        const difference = differenceOf(
          await checksumOf(file, path, sampleCount),
          wanted[name][path],
        );
        expect(difference, `${name} ${path}`).toBeLessThan(FLOAT32_EPSILON);
        rows.push([
          name,
          file.format,
          path,
          `${sampleCount} x ${columns.length}`,
          Number.isFinite(rateHz) ? `${Number(rateHz.toFixed(3))} Hz` : 'none',
          unit || 'none',
          gaps.map(({ startSample, endSample }) => `${startSample}-${endSample}`).join(' ') ||
            'none',
          `agrees (${difference.toExponential(0)})`,
        ]);
      }
      file.close();
    }
    console.log(rows.map((row) => `| ${row.join(' | ')} |`).join('\n'));
  });
});

interface Checksum {
  readonly count: number;
  readonly sum: number;
  readonly magnitude: number;
  readonly squares: number;
  readonly first: number;
  readonly last: number;
}

async function checksumOf(file: OpenFile, path: string, sampleCount: number): Promise<Checksum> {
  const found = { count: 0, sum: 0, magnitude: 0, squares: 0, first: Number.NaN, last: Number.NaN };
  // An odd length, so that slices end inside packets and chunks.
  for (let start = 0; start < sampleCount; start += 9973) {
    const end = Math.min(sampleCount, start + 9973);
    for (const value of await file.readSlice(path, start, end)) {
      if (!Number.isFinite(value)) continue;
      if (found.count === 0) found.first = value;
      found.count += 1;
      found.sum += value;
      found.magnitude += Math.abs(value);
      found.squares += value * value;
      found.last = value;
    }
  }
  return found;
}

/** The largest disagreement relative to what is summed; infinite when the numbers of values differ. */
function differenceOf(found: Checksum, wanted: Checksum): number {
  if (found.count !== wanted.count) return Number.POSITIVE_INFINITY;
  const relative = (got: number, want: number, scale: number) =>
    got === want ? 0 : Math.abs(got - want) / scale;
  return Math.max(
    relative(found.sum, wanted.sum, wanted.magnitude),
    relative(found.magnitude, wanted.magnitude, wanted.magnitude),
    // A square doubles the rounding of its value.
    relative(found.squares, wanted.squares, wanted.squares) / 2,
    relative(found.first, wanted.first, Math.abs(wanted.first)),
    relative(found.last, wanted.last, Math.abs(wanted.last)),
  );
}
