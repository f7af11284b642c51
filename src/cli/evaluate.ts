// `evaluate`: a model file on the test fold of recordings, beside ridge.

import { basename } from 'node:path';
import type { Evaluation } from '../evaluate/evaluation';
import { hasReadout, readModelFile } from '../model/modelFile';
import type { Command } from './command';
import { preparedFor } from './modelData';
import { DEVICE_CHOICES, openDevice } from './nodeDevice';
import { readBytes, replaceFile } from './nodeFiles';
import { type OptionTable, parseOptions } from './options';
import { RECORDING_OPTIONS, readRecordings, splitOf } from './recordings';
import { formatResults } from './runFolder';
import {
  RIDGE_LAG_FRAMES,
  type SessionResults,
  scoreNetwork,
  scoreRidge,
  sessionFacts,
} from './scoring';

const BATCH = 8;

const OPTIONS: OptionTable = {
  model: { kind: 'text', value: 'FILE', help: 'model (.safetensors)', required: true },
  ...RECORDING_OPTIONS,
  'segment-frames': { kind: 'integer', value: 'N', help: "default the model's, or 100", least: 1 },
  'lag-frames': { kind: 'integer', value: 'N', help: `of ridge; default ${RIDGE_LAG_FRAMES}` },
  out: { kind: 'text', value: 'FILE', help: 'the scores as JSON' },
  device: { kind: 'text', choices: DEVICE_CHOICES, help: 'default gpu' },
};

export const evaluate: Command = {
  name: 'evaluate',
  summary: 'Score a model file on the last 20 % of recordings, beside ridge.',
  options: OPTIONS,
  notes: 'Front end and frame rate default to what the model was trained with, as its file says.',
  async run(args, terminal) {
    const options = parseOptions(OPTIONS, args);
    const path = options.required('model');
    const { config, weights, metadata } = readModelFile(await readBytes(path));
    if (!hasReadout(weights)) {
      throw new Error(
        `[evaluate] expected a model with a readout, got a pretrained teacher in "${path}": choose a student`,
      );
    }
    const features = await readRecordings(options, terminal, metadata);
    const opened = await openDevice(options.text('device') ?? 'gpu');
    const frames = options.number('segment-frames') ?? Number(metadata.segment_frames ?? 100);
    const results: SessionResults[] = [];
    for (const session of features) {
      const { sessionId, sessionName } = session;
      const split = splitOf(options, session);
      if (!session.behaviour) {
        throw new Error(
          `[evaluate] expected behaviour to score, got none in "${sessionName}": choose its series with --behaviour, or leave the recording out`,
        );
      }
      const data = preparedFor(config, session, split);
      const segment = { frames, batch: BATCH };
      const network: Evaluation = {
        ...sessionFacts(session, split),
        model: basename(path),
        score: await scoreNetwork(opened, config, weights, data, 0, segment),
        seed: Number(metadata.seed ?? 0),
        adapter: opened.name,
        settings: {
          preset: metadata.preset ?? 'unknown',
          segmentFrames: frames,
          modelDim: config.modelDim,
          layers: config.layerCount,
        },
      };
      const lagFrames = options.number('lag-frames') ?? RIDGE_LAG_FRAMES;
      const evaluations = [network, scoreRidge(session, split, lagFrames, terminal)];
      results.push({ sessionId, sessionName, evaluations });
    }
    opened.close();
    terminal.print(formatResults(results));
    const out = options.text('out');
    if (out) await replaceFile(out, `${JSON.stringify(results)}\n`);
    return 0;
  },
};
