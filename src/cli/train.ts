// `train`: recordings in; teacher, student, fine-tuned students, their history and scores out.

import { resolve } from 'node:path';
import type { Features } from '../data/features';
import { prepareData } from '../train/trainingData';
import type { Command } from './command';
import { catchInterrupts, type Interruption } from './interruption';
import { DEVICE_CHOICES, openDevice } from './nodeDevice';
import { Options, type OptionTable, type OptionValues, parseOptions, UsageError } from './options';
import type { Terminal } from './progress';
import { RECORDING_OPTIONS, readRecordings, splitOf } from './recordings';
import { formatResults, RunFolder, type RunRecord } from './runFolder';
import { presetFrom, SETTING_OPTIONS } from './trainSettings';
import { type Run, trainStages } from './trainStages';

const STAGES = ['teacher', 'student', 'finetune'] as const;

const OPTIONS: OptionTable = {
  ...RECORDING_OPTIONS,
  out: { kind: 'text', value: 'DIR', help: 'folder of the run', required: true },
  resume: { kind: 'flag', help: 'continue the run in the folder; other options may be left out' },
  stages: { kind: 'text', value: 'LIST', help: `default ${STAGES.join(',')}` },
  teacher: { kind: 'text', value: 'FILE', help: 'model file to distil instead of training one' },
  student: { kind: 'text', value: 'FILE', help: 'model file to fine-tune instead of distilling' },
  scratch: { kind: 'flag', help: 'also train the student from random weights, for comparison' },
  seed: { kind: 'integer', value: 'N', help: 'default 1' },
  device: { kind: 'text', choices: DEVICE_CHOICES, help: 'default gpu' },
  ...SETTING_OPTIONS,
};

/** Options that name files, which a resumed run must find from any folder. */
const PATHS = ['data', 'teacher', 'student'];

export const train: Command = {
  name: 'train',
  summary: 'Pretrain a teacher, distil a student, fine-tune and score it on each recording.',
  options: OPTIONS,
  notes: [
    'The folder gets teacher.safetensors, student.safetensors, student-SESSION.safetensors, results.md,',
    'results.json and history.json. Ctrl-C saves a checkpoint first (exit code 130); --resume goes on from',
    'there to the same bits as a run that was never interrupted.',
  ].join('\n'),
  async run(args, terminal) {
    const given = parseOptions(OPTIONS, args, !args.includes('--resume'));
    const out = given.text('out');
    if (!out) throw new UsageError('--out DIR is missing');
    const folder = new RunFolder(out);
    const begun = await folder.readRun();
    const options = given.flag('resume')
      ? resumedOptions(given, begun, out)
      : freshOptions(given, begun, out);
    const interruption = catchInterrupts(() =>
      terminal.note('Stopping after this step; press Ctrl-C again to stop at once.'),
    );
    try {
      return await trainFrom(options, folder, begun, interruption, terminal);
    } finally {
      interruption.release();
    }
  },
};

async function trainFrom(
  options: Options,
  folder: RunFolder,
  begun: RunRecord | undefined,
  interruption: Interruption,
  terminal: Terminal,
): Promise<number> {
  const preset = presetFrom(options);
  const stages = stagesOf(options);
  const features = await readRecordings(options, terminal);
  const data = prepareData(
    features,
    features.map((session) => splitOf(options, session)),
  );
  const opened = await openDevice(options.text('device') ?? 'gpu');
  terminal.note(`Training ${preset.title} on ${opened.name}`);
  const run: RunRecord = begun ?? {
    version: 1,
    options: options.values,
    sessionIds: features.map(({ sessionId }) => sessionId),
    adapter: opened.name,
    finished: {},
  };
  checkSame(run, features, opened.name, terminal);
  if (!begun) {
    await folder.clear();
    await folder.writeRun(run);
  }
  const hasBehaviour = features.some((session) => session.behaviour);
  const parts: Run = {
    opened,
    folder,
    record: run,
    options,
    preset: hasBehaviour ? preset : withoutTask(preset),
    seed: options.number('seed') ?? 1,
    features,
    data,
    interruption,
    terminal,
  };
  if (!hasBehaviour) {
    terminal.note('No recording has behaviour: distillation without labels, no fine-tuning.');
  }
  const resumeHint = `npm run studio -- train --resume --out ${folder.path}`;
  let isDone: boolean;
  try {
    isDone = await trainStages(parts, stages);
  } catch (error) {
    terminal.note(`From the last checkpoint it goes on with: ${resumeHint}`);
    throw error;
  }
  opened.close();
  if (!isDone) {
    terminal.note(`Stopped and saved. It goes on with: ${resumeHint}`);
    return interruption.exitCode ?? 1;
  }
  const results = await folder.readResults();
  if (results.length > 0) terminal.print(formatResults(results));
  terminal.note(`Done: ${folder.path}`);
  return 0;
}

function withoutTask(preset: Run['preset']): Run['preset'] {
  return {
    ...preset,
    distil: { ...preset.distil, weights: { ...preset.distil.weights, task: 0 } },
  };
}

function stagesOf(options: Options): Set<string> {
  const names = options.text('stages')?.split(',') ?? [...STAGES];
  const unknown = names.find((name) => !STAGES.some((stage) => stage === name));
  if (unknown !== undefined) {
    throw new UsageError(`--stages expected some of ${STAGES.join(',')}, got "${unknown}"`);
  }
  const stages = new Set(names);
  if (stages.has('student') && !stages.has('teacher') && !options.has('teacher')) {
    throw new UsageError('--stages student needs the stage teacher or --teacher FILE');
  }
  if (stages.has('finetune') && !stages.has('student') && !options.has('student')) {
    throw new UsageError('--stages finetune needs the stage student or --student FILE');
  }
  return stages;
}

function freshOptions(given: Options, begun: RunRecord | undefined, out: string): Options {
  if (begun) {
    throw new Error(
      `[train] expected a folder without a run, got one in "${out}": add --resume to continue it, or choose another --out`,
    );
  }
  return new Options(remembered(given));
}

function resumedOptions(given: Options, begun: RunRecord | undefined, out: string): Options {
  if (!begun) {
    throw new Error(
      `[train] expected a run to resume in "${out}", got none: leave out --resume to begin one`,
    );
  }
  for (const [name, value] of Object.entries(remembered(given))) {
    const saved = begun.options[name];
    if (JSON.stringify(saved) === JSON.stringify(value)) continue;
    throw new Error(
      `[train] expected --${name} ${saved ?? '(not given)'} as when the run began, got ${value}: leave it out, or begin another run`,
    );
  }
  return new Options(begun.options);
}

/** The options that make a run what it is, with whole paths. */
function remembered({ values }: Options): OptionValues {
  const { out: _out, resume: _resume, ...rest } = values;
  return Object.fromEntries(
    Object.entries(rest).map(([name, value]) => {
      if (!PATHS.includes(name) || typeof value === 'boolean') return [name, value];
      return [
        name,
        typeof value === 'string' ? resolve(value) : value.map((path) => resolve(path)),
      ];
    }),
  );
}

function checkSame(
  run: RunRecord,
  features: readonly Features[],
  adapter: string,
  terminal: Terminal,
): void {
  features.forEach(({ sessionId, sessionName }, i) => {
    if (run.sessionIds[i] === sessionId) return;
    throw new Error(
      `[train] expected the recording "${sessionName}" as when the run began, got other content: begin another run`,
    );
  });
  if (run.adapter !== adapter) {
    terminal.note(`The run began on ${run.adapter}: its bits will differ from here on.`);
  }
}
