/** Known layouts of MATLAB recordings: reaching kinematics, trials of subjects, and FieldTrip data. */
import { arrayInMemory, seriesOfArray } from './arraySeries';
import {
  countOf,
  fieldOf,
  type MatNumeric,
  type MatStruct,
  type MatValue,
  scalarOf,
  textsOf,
} from './matValue';
import type { SeriesSource } from './sampleGrid';
import { type Trial, trialSeries, trialStarts } from './trialSeries';

type Named = ReadonlyMap<string, MatValue>;
interface Layout {
  sources: SeriesSource[];
  warnings: string[];
}

/** @returns undefined when the variables follow none of these layouts */
export async function knownLayout(variables: Named): Promise<Layout | undefined> {
  return (
    (await reaching(variables)) ??
    (await trialsOfSubjects(variables)) ??
    (await fieldTrip(variables)) ??
    (await neuralynxExport(variables))
  );
}

const REACHING: readonly (readonly [name: string, unit: string, columns: readonly string[]])[] = [
  ['cursor_pos', 'mm', ['cursor x', 'cursor y']],
  ['target_pos', 'mm', ['target x', 'target y']],
  ['finger_pos', 'cm', ['finger z', 'finger -x', 'finger -y']],
];

/** O'Doherty, Makin and Sabes: `t` with cursor, target and finger positions; its LFP lies in the broadband file. */
async function reaching(variables: Named): Promise<Layout | undefined> {
  const time = variables.get('t');
  if (time?.kind !== 'numeric' || !time.array || variables.get('cursor_pos')?.kind !== 'numeric') {
    return undefined;
  }
  const sources: SeriesSource[] = [];
  for (const [path, unit, columns] of REACHING) {
    const value = variables.get(path);
    if (value?.kind !== 'numeric' || !value.array) continue;
    const width = countOf(value.dims) / countOf(time.dims);
    sources.push(
      await seriesOfArray({
        path,
        array: value.array,
        time: time.array,
        kind: 'behaviour',
        unit,
        columns: width === columns.length ? columns : undefined,
      }),
    );
  }
  return {
    sources,
    warnings: [
      'This file holds kinematics and no LFP: choose it together with the broadband NWB file of the same name.',
    ],
  };
}

/** Flint et al. 2012: `Subject(s).Trial(t)` with Time, HandVel and Neuron(k).LFP; the time between trials is a gap. */
async function trialsOfSubjects(variables: Named): Promise<Layout | undefined> {
  const subjects = variables.get('Subject');
  if (subjects?.kind !== 'struct' || !subjects.fields.includes('Trial')) return undefined;
  const sources: SeriesSource[] = [];
  const warnings: string[] = [];
  for (let s = 0; s < countOf(subjects.dims); s++) {
    const trials = subjects.get(s, 'Trial');
    if (trials.kind !== 'struct') continue;
    const prefix = `Subject(${s + 1})`;
    const each = await trialsOf(trials);
    const { startsS, isSequential } = trialStarts(each);
    if (isSequential) {
      warnings.push(
        `${prefix}: every trial counts its own time; they are laid one after the other.`,
      );
    }
    const used = each[0]?.lfp.map((_, k) => k).filter((k) => each.some(({ lfp }) => lfp[k])) ?? [];
    const lfp: Trial[] = each.map((trial, i) => {
      const columns = used.map((k) => trial.lfp[k]);
      const count = Math.max(0, ...columns.map((column) => (column ? countOf(column.dims) : 0)));
      return { startS: startsS[i], rateHz: FLINT_LFP_HZ, count, columns };
    });
    const velocity: Trial[] = each.map(({ count, rateHz, velocity: column }, i) => {
      return { startS: startsS[i], rateHz, count, columns: [column] };
    });
    const recorded = lfp.filter(({ count }) => count > 0);
    const moved = velocity.filter(({ columns: [column] }) => column);
    const names = used.map((k) => `unit ${k + 1} LFP`);
    const hand = ['hand x velocity', 'hand y velocity'];
    if (recorded.length > 0) sources.push(trialSeries(`${prefix}.LFP`, 'lfp', '', recorded, names));
    if (moved.length > 0) {
      sources.push(trialSeries(`${prefix}.HandVel`, 'behaviour', 'cm/s', moved, hand));
    }
  }
  return sources.length > 0 ? { sources, warnings } : undefined;
}

const FLINT_LFP_HZ = 2000;

async function trialsOf(trials: MatStruct) {
  const found = [];
  for (let t = 0; t < countOf(trials.dims); t++) {
    const time = numeric(trials, t, 'Time');
    if (!time || countOf(time.dims) < 2) continue;
    const stamps = await time.values();
    const count = stamps.length;
    const durationS = stamps[count - 1] - stamps[0];
    const velocity = numeric(trials, t, 'HandVel');
    const neurons = trials.fields.includes('Neuron') ? trials.get(t, 'Neuron') : undefined;
    found.push({
      startS: stamps[0],
      durationS,
      count,
      rateHz: (count - 1) / durationS,
      velocity: velocity?.array && velocity,
      lfp: lfpOf(neurons),
    });
  }
  return found;
}

function numeric(trials: MatStruct, t: number, field: string): MatNumeric | undefined {
  if (!trials.fields.includes(field)) return undefined;
  const value = trials.get(t, field);
  return value.kind === 'numeric' ? value : undefined;
}

/** By unit; units without LFP in this trial are undefined, so that columns keep their places. */
function lfpOf(neurons: MatValue | undefined): (MatNumeric | undefined)[] {
  if (neurons?.kind !== 'struct' || !neurons.fields.includes('LFP')) return [];
  return Array.from({ length: countOf(neurons.dims) }, (_, k) => {
    const value = neurons.get(k, 'LFP');
    return value.kind === 'numeric' && countOf(value.dims) > 1 ? value : undefined;
  });
}

/** FieldTrip: `trial`, `time` and `label`, with `sampleinfo` where the trials lay in the recording. */
async function fieldTrip(variables: Named): Promise<Layout | undefined> {
  for (const [name, data] of variables) {
    const trial = fieldOf(data, 'trial');
    const time = fieldOf(data, 'time');
    const labels = textsOf(fieldOf(data, 'label'));
    if (trial?.kind !== 'cell' || time?.kind !== 'cell' || !labels) continue;
    const rateHz = (await scalarOf(fieldOf(data, 'fsample'))) ?? (await rateOf(time.item(0)));
    const where = fieldOf(data, 'sampleinfo');
    const count = countOf(trial.dims);
    const starts =
      where?.kind === 'numeric' && countOf(where.dims) === 2 * count
        ? await where.values()
        : undefined;
    if (!rateHz || (count > 1 && !starts)) continue;
    const trials: Trial[] = [];
    for (let i = 0; i < count; i++) {
      const value = trial.item(i);
      if (value.kind !== 'numeric' || !value.array) continue;
      const sampleCount = countOf(value.dims) / labels.length;
      const startS = starts ? (starts[i] - 1) / rateHz : 0;
      trials.push({ startS, rateHz, columns: [value], count: sampleCount });
    }
    if (trials.length === 0) continue;
    return { sources: [trialSeries(`${name}.trial`, 'lfp', '', trials, labels)], warnings: [] };
  }
  return undefined;
}

async function rateOf(time: MatValue): Promise<number | undefined> {
  if (time.kind !== 'numeric' || countOf(time.dims) < 2) return undefined;
  const stamps = await time.values();
  return (stamps.length - 1) / (stamps[stamps.length - 1] - stamps[0]);
}

/** Neuralynx's own export: records in the columns of Samples, microseconds in Timestamps, the header as text. */
async function neuralynxExport(variables: Named): Promise<Layout | undefined> {
  const [samples, stamps, rates, valid] = [
    'Samples',
    'Timestamps',
    'SampleFrequencies',
    'NumberOfValidSamples',
  ].map((name) => variables.get(name));
  if (samples?.kind !== 'numeric' || stamps?.kind !== 'numeric' || rates?.kind !== 'numeric') {
    return undefined;
  }
  const recordCount = countOf(stamps.dims);
  const recordSamples = samples.dims[0];
  if (samples.dims[1] !== recordCount || samples.dims.length !== 2) return undefined;
  const values = await samples.values();
  const times = await stamps.values();
  const counts = valid?.kind === 'numeric' ? await valid.values() : [];
  const rateHz = (await rates.values())[0];
  const header = (textsOf(variables.get('Header')) ?? []).join('\n');
  const voltsPerBit = Number(/-ADBitVolts\s+(\S+)/.exec(header)?.[1] ?? Number.NaN);
  const sign = /-InputInverted\s+True/i.test(header) ? -1 : 1;
  const gain = voltsPerBit > 0 ? sign * voltsPerBit * 1e6 : 1;
  const trials: Trial[] = Array.from({ length: recordCount }, (_, r) => {
    const count = Math.min(recordSamples, counts[r] ?? recordSamples);
    const record = Float64Array.from(
      { length: count },
      (__, i) => gain * values[r * recordSamples + i],
    );
    const column: MatNumeric = {
      kind: 'numeric',
      dims: [count, 1],
      array: arrayInMemory([count], record, true),
      values: async () => record,
    };
    return { startS: times[r] / 1e6, rateHz, columns: [column], count };
  });
  const name = /-AcqEntName\s+(\S+)/.exec(header)?.[1] ?? 'Samples';
  return {
    sources: [trialSeries(name, 'lfp', voltsPerBit > 0 ? 'uV' : '', trials, [name])],
    warnings: voltsPerBit > 0 ? [] : ['No ADBitVolts in the header: values are as digitised.'],
  };
}
