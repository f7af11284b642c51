// `decode`: a recording frame by frame through the streaming decoder, with the latency of every frame.

import { MOST_QUEUED_FRAMES } from '../decode/decoder';
import { LatencyMeter } from '../decode/latency';
import { lfpColumns } from '../model/config';
import { decoderWeights, type ModelFile } from '../model/modelFile';
import type { Command } from './command';
import { openRoute, PATH_OPTIONS, showLatency } from './decodePaths';
import {
  emptyResults,
  INFERENCE_OPTIONS,
  type Recording,
  readInput,
  readModel,
  writeResults,
} from './inference';
import { inUnits, preparedFor, testStretch } from './modelData';
import { type Options, type OptionTable, parseOptions, UsageError } from './options';
import type { Terminal } from './progress';
import { RECORDING_OPTIONS, readRecordings, splitOf } from './recordings';

/** The first frames wait for the driver's own preparations and are not a live decoder's latency. */
const WARM_UP_FRAMES = 10;

const OPTIONS: OptionTable = {
  ...INFERENCE_OPTIONS,
  input: { ...INFERENCE_OPTIONS.input, required: false },
  ...RECORDING_OPTIONS,
  data: {
    kind: 'list',
    value: 'FILE',
    help: 'instead of --input a recording, of which the test fold is decoded',
  },
  ...PATH_OPTIONS,
  'frame-rate': {
    kind: 'number',
    value: 'HZ',
    help: "of raw LFP, and the deadline; default the model's, or 100",
    least: 1,
  },
  'at-once': {
    kind: 'integer',
    value: 'FRAMES',
    help: `frames decoded together, as by a decoder that has fallen behind; 1 to ${MOST_QUEUED_FRAMES}, default 1`,
    least: 1,
  },
};

export const decode: Command = {
  name: 'decode',
  summary: 'Decode recordings frame by frame as if live, and measure the latency.',
  options: OPTIONS,
  notes: `Causal models only. With --data the front end and frame rate default to what the model was trained with, and behaviour comes in its own units. Latency is from frame in to prediction out (of all frames decoded together), without the first ${WARM_UP_FRAMES} frames. On start both paths are measured; --device cpu is the slow reference and has one path.`,
  async run(args, terminal) {
    const options = parseOptions(OPTIONS, args);
    const model = await readModel(options);
    const { config } = model;
    const { recording, frameRateHz, shown } = await (options.has('data')
      ? fromRecording(options, terminal, model)
      : fromInput(options, model));
    if (!(frameRateHz > 0)) throw new UsageError('--frame-rate expected more than 0 Hz');
    const atOnce = options.number('at-once') ?? 1;
    if (atOnce > MOST_QUEUED_FRAMES) {
      throw new UsageError(`--at-once expected at most ${MOST_QUEUED_FRAMES}, got ${atOnce}`);
    }
    const { batch, frames, lfp, channelMask } = recording;
    const results = emptyResults(config, recording);
    const deadlineMs = 1000 / frameRateHz;
    const meter = new LatencyMeter(deadlineMs, batch * frames);
    const columns = lfpColumns(config);
    const weights = decoderWeights(model);
    const { name, lines, createDecoder, close } = await openRoute(
      options,
      config,
      weights,
      deadlineMs,
    );
    for (let b = 0; b < batch; b++) {
      const mask = channelMask.slice(b * config.channelCount, (b + 1) * config.channelCount);
      const decoder = await createDecoder(mask);
      for (let t = 0; t < frames; t += atOnce) {
        const first = b * frames + t;
        const count = Math.min(atOnce, frames - t);
        const queued = lfp.subarray(first * columns, (first + count) * columns);
        const started = performance.now();
        const decoded = await decoder.catchUp(queued);
        const latencyMs = performance.now() - started;
        for (const [i, { behaviour, tokens, hidden }] of decoded.entries()) {
          if (t + i >= WARM_UP_FRAMES) meter.add(latencyMs);
          results.behaviour.set(behaviour, (first + i) * config.outputCount);
          results.tokens.set(tokens, (first + i) * config.modelDim);
          results.hidden.set(hidden, (first + i) * config.modelDim);
        }
        if (t % 100 < atOnce)
          terminal.status(`frame ${t} of ${frames}, recording ${b + 1} of ${batch}`);
      }
      decoder.destroy();
    }
    close();
    const path = options.required('out');
    await writeResults(path, model, recording, { ...results, behaviour: shown(results.behaviour) });
    const summary = meter.summary();
    const { frames: timed, missed } = summary;
    terminal.print(`${path}: ${batch} x ${frames} frames on ${name}`);
    for (const line of lines) terminal.print(line);
    if (timed === 0) {
      terminal.print(`latency: not measured, more than ${WARM_UP_FRAMES} frames are needed`);
      return 0;
    }
    terminal.print(
      `latency of ${timed} frames: ${showLatency(summary)}; ` +
        `missed ${missed} deadlines of ${deadlineMs.toFixed(1)} ms`,
    );
    return 0;
  },
};

interface Source {
  readonly recording: Recording;
  readonly frameRateHz: number;
  /** Behaviour as it is written. */
  readonly shown: (behaviour: Float32Array) => Float32Array;
}

async function fromInput(options: Options, { config, metadata }: ModelFile): Promise<Source> {
  if (!options.has('input')) throw new UsageError('--input FILE or --data FILE is missing');
  const stray = Object.keys(RECORDING_OPTIONS).find((name) => options.has(name));
  if (stray && stray !== 'frame-rate') throw new UsageError(`--${stray} needs --data`);
  const frameRateHz = options.number('frame-rate') ?? Number(metadata.frame_rate_hz ?? 100);
  return { recording: await readInput(options, config), frameRateHz, shown: (values) => values };
}

/** Front end and normalisation as for `evaluate`. */
async function fromRecording(
  options: Options,
  terminal: Terminal,
  { config, metadata }: ModelFile,
): Promise<Source> {
  if (options.has('input')) throw new UsageError('--data does not go with --input');
  const [features, ...others] = await readRecordings(options, terminal, metadata);
  if (others.length > 0) {
    throw new UsageError(`--data expected one recording, got ${others.length + 1}`);
  }
  const data = preparedFor(config, features, splitOf(options, features));
  const { recording, range } = testStretch(data);
  const { frameRateHz, behaviour, behaviourUnits } = features;
  const units = [...new Set(behaviourUnits)].join(', ');
  terminal.note(
    `Decoding frames ${range.start} to ${range.end} of the test fold; behaviour ` +
      (behaviour ? `in ${units || 'its own units'}` : 'in standard deviations of the training'),
  );
  return {
    recording,
    frameRateHz,
    shown: (values) => (behaviour ? inUnits(values, data, 0) : values),
  };
}
