// `decode`: a recording frame by frame through the streaming decoder, with the latency of every frame.

import { MOST_QUEUED_FRAMES } from '../decode/decoder';
import { LatencyMeter } from '../decode/latency';
import { lfpColumns } from '../model/config';
import { decoderWeights } from '../model/modelFile';
import type { Command } from './command';
import { openRoute, PATH_OPTIONS, showLatency } from './decodePaths';
import { emptyResults, INFERENCE_OPTIONS, readInference, writeResults } from './inference';
import { type OptionTable, parseOptions, UsageError } from './options';

/** The first frames wait for the driver's own preparations and are not a live decoder's latency. */
const WARM_UP_FRAMES = 10;

const OPTIONS: OptionTable = {
  ...INFERENCE_OPTIONS,
  ...PATH_OPTIONS,
  'frame-rate': {
    kind: 'number',
    value: 'HZ',
    help: "sets the deadline; default the model's, or 100",
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
  notes: `Causal models only. Latency is from frame in to prediction out (of all frames decoded together), without the first ${WARM_UP_FRAMES} frames. On start both paths are measured; --device cpu is the slow reference and has one path.`,
  async run(args, terminal) {
    const options = parseOptions(OPTIONS, args);
    const { model, recording } = await readInference(options);
    const { config, metadata } = model;
    const frameRateHz = options.number('frame-rate') ?? Number(metadata.frame_rate_hz ?? 100);
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
    await writeResults(path, model, recording, results);
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
