// `forward`: a whole recording through a model file at once.

import { ParameterSet } from '../autograd/parameterSet';
import { lfpColumns } from '../model/config';
import { compileForward } from '../model/forward';
import { decoderWeights, hasReadout } from '../model/modelFile';
import { decoderParameters } from '../model/parameters';
import type { Command } from './command';
import { emptyResults, INFERENCE_OPTIONS, readInput, readModel, writeResults } from './inference';
import { openDevice } from './nodeDevice';
import { parseOptions } from './options';

/** Frames of one replay: activations of more would not fit every adapter. */
const MOST_FRAMES = 16_384;

export const forward: Command = {
  name: 'forward',
  summary: 'Run a model file, causal or bidirectional, over whole recordings.',
  options: INFERENCE_OPTIONS,
  notes:
    'The output holds tokens, hidden [B,T,D] and behaviour [B,T,K]; no behaviour for a model without readout.',
  async run(args, terminal) {
    const options = parseOptions(INFERENCE_OPTIONS, args);
    const model = await readModel(options);
    const { config } = model;
    const recording = await readInput(options, config);
    const { batch, frames, lfp, channelMask } = recording;
    const { device, name, close } = await openDevice(options.text('device') ?? 'gpu');
    const parameters = new ParameterSet(device, decoderParameters(config));
    parameters.load(decoderWeights(model));
    const group = Math.max(1, Math.min(batch, Math.floor(MOST_FRAMES / frames)));
    const { plan, tensors, predict } = await compileForward(
      device,
      parameters,
      config,
      group,
      frames,
    );
    const results = emptyResults(config, recording);
    const started = performance.now();
    for (let first = 0; first < batch; first += group) {
      // The last group is moved back to be whole; what it repeats is written over with the same numbers.
      const from = Math.min(first, batch - group);
      const rows = (columns: number, values: Float32Array) =>
        values.slice(from * columns, (from + group) * columns);
      const behaviour = await predict(
        rows(frames * lfpColumns(config), lfp),
        rows(config.channelCount, channelMask),
      );
      results.behaviour.set(behaviour, from * frames * config.outputCount);
      results.tokens.set(await plan.read(tensors.tokens), from * frames * config.modelDim);
      results.hidden.set(await plan.read(tensors.hidden), from * frames * config.modelDim);
      terminal.status(`${Math.min(batch, first + group)} of ${batch} recordings`);
    }
    const seconds = (performance.now() - started) / 1000;
    plan.destroy();
    parameters.destroy();
    close();
    const path = options.required('out');
    await writeResults(path, model, recording, results);
    terminal.print(
      `${path}: ${batch} x ${frames} frames in ${seconds.toFixed(2)} s on ${name}` +
        (hasReadout(model.weights) ? '' : '; the model has no readout, so no behaviour'),
    );
    return 0;
  },
};
