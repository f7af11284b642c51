// `decode`: a recording frame by frame through the streaming decoder, with the latency of every frame.

import { createDecoder } from '../decode/decoder';
import { LatencyMeter } from '../decode/latency';
import { lfpColumns } from '../model/config';
import { decoderWeights } from '../model/modelFile';
import type { Command } from './command';
import { emptyResults, INFERENCE_OPTIONS, readInference, writeResults } from './inference';
import { openDevice } from './nodeDevice';
import { type OptionTable, parseOptions, UsageError } from './options';

/** The first frames wait for the driver's own preparations and are not a live decoder's latency. */
const WARM_UP_FRAMES = 10;

const OPTIONS: OptionTable = {
  ...INFERENCE_OPTIONS,
  'frame-rate': {
    kind: 'number',
    value: 'HZ',
    help: "sets the deadline; default the model's, or 100",
    least: 1,
  },
};

export const decode: Command = {
  name: 'decode',
  summary: 'Decode recordings frame by frame as if live, and measure the latency.',
  options: OPTIONS,
  notes: `Causal models only. Latency is from frame in to prediction out, without the first ${WARM_UP_FRAMES} frames.`,
  async run(args, terminal) {
    const options = parseOptions(OPTIONS, args);
    const { model, recording } = await readInference(options);
    const { config, metadata } = model;
    const frameRateHz = options.number('frame-rate') ?? Number(metadata.frame_rate_hz ?? 100);
    if (!(frameRateHz > 0)) throw new UsageError('--frame-rate expected more than 0 Hz');
    const { batch, frames, lfp, channelMask } = recording;
    const { device, name, close } = await openDevice(options.text('device') ?? 'gpu');
    const results = emptyResults(config, recording);
    const meter = new LatencyMeter(1000 / frameRateHz, batch * frames);
    const columns = lfpColumns(config);
    const weights = decoderWeights(model);
    for (let b = 0; b < batch; b++) {
      const mask = channelMask.slice(b * config.channelCount, (b + 1) * config.channelCount);
      const decoder = await createDecoder(device, config, weights, { channelMask: mask });
      for (let t = 0; t < frames; t++) {
        const at = b * frames + t;
        const frame = lfp.subarray(at * columns, (at + 1) * columns);
        const started = performance.now();
        const { behaviour, tokens, hidden } = await decoder.step(frame);
        if (t >= WARM_UP_FRAMES) meter.add(performance.now() - started);
        results.behaviour.set(behaviour, at * config.outputCount);
        results.tokens.set(tokens, at * config.modelDim);
        results.hidden.set(hidden, at * config.modelDim);
        if (t % 100 === 0)
          terminal.status(`frame ${t} of ${frames}, recording ${b + 1} of ${batch}`);
      }
      decoder.destroy();
    }
    close();
    const path = options.required('out');
    await writeResults(path, model, recording, results);
    const { frames: timed, p50Ms, p95Ms, p99Ms, maxMs, missed, deadlineMs } = meter.summary();
    terminal.print(`${path}: ${batch} x ${frames} frames on ${name}`);
    if (timed === 0) {
      terminal.print(`latency: not measured, more than ${WARM_UP_FRAMES} frames are needed`);
      return 0;
    }
    terminal.print(
      `latency of ${timed} frames: p50 ${p50Ms.toFixed(2)} ms, p95 ${p95Ms.toFixed(2)} ms, ` +
        `p99 ${p99Ms.toFixed(2)} ms, longest ${maxMs.toFixed(2)} ms; ` +
        `missed ${missed} deadlines of ${deadlineMs.toFixed(1)} ms`,
    );
    return 0;
  },
};
