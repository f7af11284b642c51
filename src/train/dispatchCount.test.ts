// The dispatches of one training step of REALM's student and teacher at paper scale, counted from the graph without
// running it.

import { expect, test } from 'vitest';
import { Graph, type Precision } from '../autograd/graph';
import { liveNodes } from '../autograd/live';
import { ParameterSet } from '../autograd/parameterSet';
import { CPU } from '../autograd/store';
import type { Tensor } from '../autograd/tensor';
import { contiguousSplit } from '../data/splits';
import type { ModelConfig } from '../model/config';
import { encode } from '../model/encoder';
import type { Reader } from '../model/mamba';
import { decoderParameters } from '../model/parameters';
import { readout } from '../model/readout';
import { reconstruct, teacherParameters } from '../model/teacher';
import { weightedMse } from '../ops/losses';
import { plainRecording } from './plainRecording.test-support';
import { SegmentSource } from './segmentSource';
import { presetOf } from './settings';
import { Trainer } from './trainer';
import { configFor, prepareData } from './trainingData';

const features = plainRecording(2000);
const data = prepareData([features], [contiguousSplit(features)]);

const [batch, frames] = [2, 500];

/** A fine-tuning step with everything trained. */
function appendStudent(graph: Graph, read: Reader, config: ModelConfig): Tensor {
  const source = new SegmentSource({ device: CPU, data, batch, frames });
  const { lfp, channelMask, behaviour, behaviourWeight } = source.take(graph, false);
  const outputWeight = graph.input('output_weight', [batch, config.outputCount]);
  const { hidden } = encode(lfp, channelMask, read, config, {
    regularisation: { dropout: 0.1, dropPath: 0 },
  });
  const prediction = readout(hidden, lfp, read);
  return weightedMse(prediction, behaviour, behaviourWeight, outputWeight);
}

/** A pretraining step without augmentation. */
function appendTeacher(graph: Graph, read: Reader, config: ModelConfig): Tensor {
  const source = new SegmentSource({ device: CPU, data, batch, frames });
  const { lfp, channelMask } = source.take(graph, false);
  const tokenMask = graph.input('token_mask', [batch, frames]);
  const columns = graph.input('columns', [batch, config.channelCount * config.bandCount]);
  const found = reconstruct(lfp, channelMask, tokenMask, read, config, {
    regularisation: { dropout: 0.1, dropPath: 0.1 },
  });
  return weightedMse(found, lfp, tokenMask, columns);
}

const NETWORKS = {
  student: { parameters: decoderParameters, append: appendStudent },
  teacher: { parameters: teacherParameters, append: appendTeacher },
};

/** Dispatches by op of one step. */
async function countDispatches(
  network: keyof typeof NETWORKS,
  layerCount: number,
  precision: Precision,
): Promise<Map<string, number>> {
  const config: ModelConfig = { ...configFor(presetOf('realm-v1')[network], data), layerCount };
  const { parameters: specs, append } = NETWORKS[network];
  const parameters = new ParameterSet(CPU, specs(config), () => true, precision);
  const graph = new Graph(precision);
  const loss = append(graph, parameters.reader(graph), config);
  const trainer = await Trainer.create({
    device: CPU,
    graph,
    losses: [{ name: 'loss', tensor: loss }],
    sets: [{ parameters, weightDecay: 1e-5, clipNorm: 1 }],
    microBatches: 1,
  });
  trainer.destroy();
  const counts = new Map<string, number>();
  for (const node of liveNodes(graph)) {
    if (node.op.alias) continue;
    const { length } = node.op.gpu(node);
    counts.set(node.op.name, (counts.get(node.op.name) ?? 0) + length);
  }
  return counts;
}

/** What each further layer adds: its forward pass, then its backward pass. */
const LAYER = {
  layerNorm: 1,
  causalConv1d: 1,
  ssmInputs: 1,
  ssd: 3,
  gate: 1,
  dropPathAdd: 1,
  dropout: 1,
  gateBackward: 1,
  ssdBackward: 5,
  ssmInputsBackward: 1,
  causalConv1dBackward: 2,
  layerNormBackward: 2,
};

const LAYERS: Readonly<Record<Precision, Readonly<Record<string, number>>>> = {
  // Three forward, and for each one by its input and one by its weight.
  f32: { ...LAYER, matmul: 9 },
  mixed: {
    ...LAYER,
    halfLinear: 3,
    matmul: 6,
    // The input and the gradient of each product; what two ops keep for the backward pass, and back.
    toHalf: 8,
    toF32: 3,
  },
};

/** Both directions in the student's dispatches, then their merge: a Linear with bias and a norm, and both backward. */
const TEACHER_LAYERS: typeof LAYERS = {
  f32: { ...LAYERS.f32, matmul: 12, sumRows: 2, layerNorm: 2, layerNormBackward: 4 },
  mixed: {
    ...LAYERS.mixed,
    halfLinear: 4,
    matmul: 8,
    toHalf: 10,
    sumRows: 2,
    layerNorm: 2,
    layerNormBackward: 4,
  },
};

const sum = (counts: Iterable<number>): number => [...counts].reduce((total, n) => total + n, 0);

/** What a further layer adds, and what the step has outside the layers. */
async function countedIn(precision: Precision, network: keyof typeof NETWORKS = 'student') {
  const two = await countDispatches(network, 2, precision);
  const three = await countDispatches(network, 3, precision);
  const added = [...three].map(([op, n]): [string, number] => [op, n - (two.get(op) ?? 0)]);
  const layer = Object.fromEntries(added.filter(([, n]) => n !== 0));
  const perLayer = sum(Object.values(layer));
  return { layer, perLayer, outside: sum(two.values()) - 2 * perLayer };
}

test('a layer takes at most 30 dispatches forward and backward, the rest of the step at most 45', async () => {
  const { layer, perLayer, outside } = await countedIn('f32');
  expect(perLayer).toBeLessThanOrEqual(30);
  expect(outside).toBeLessThanOrEqual(45);
  // Exactly: a change that adds a dispatch shows here, and where.
  expect(layer).toEqual(LAYERS.f32);
  expect([perLayer, outside]).toEqual([29, 45]);
});

test('in mixed precision what is cast is counted too', async () => {
  const { layer, perLayer, outside } = await countedIn('mixed');
  expect(layer).toEqual(LAYERS.mixed);
  expect([perLayer, outside]).toEqual([40, 49]);
});

test.each([
  { precision: 'f32', counts: [37, 99] },
  { precision: 'mixed', counts: [50, 122] },
] as const)(
  "a layer of the teacher in $precision takes the student's dispatches and the merge",
  async ({ precision, counts }) => {
    const { layer, perLayer, outside } = await countedIn(precision, 'teacher');
    expect(layer).toEqual(TEACHER_LAYERS[precision]);
    expect([perLayer, outside]).toEqual(counts);
  },
);
