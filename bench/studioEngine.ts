// The comparison's student in this engine.

import { Graph } from '../src/autograd/graph';
import { ParameterSet } from '../src/autograd/parameterSet';
import type { Tensor } from '../src/autograd/tensor';
import type { GpuDevice } from '../src/gpu/device';
import { mamba2Block } from '../src/model/mamba2';
import { layerNorm } from '../src/ops/layerNorm';
import { linear } from '../src/ops/linear';
import { weightedMse } from '../src/ops/losses';
import { Trainer } from '../src/train/trainer';
import { type BenchCase, type BenchEngine, layerPrefix, NORM_EPS, OPTIMISER } from './cases';

/** Behaviour [B, T, K] from lfp [B, T, C]. */
export function benchStudent(
  lfp: Tensor,
  read: (name: string) => Tensor,
  { config, layerCount }: BenchCase,
): Tensor {
  const norm = (x: Tensor, name: string): Tensor =>
    layerNorm(x, read(`${name}.weight`), read(`${name}.bias`), NORM_EPS);
  let x = linear(lfp, read('input.weight'), read('input.bias'));
  for (let i = 0; i < layerCount; i++) {
    x = mamba2Block(norm(x, `layers.${i}.norm`), read, layerPrefix(i), config, x);
  }
  return linear(norm(x, 'norm'), read('head.weight'), read('head.bias'));
}

/** @param open opens a device without pipelines, so that each case starts cold */
export function studioEngine(open: () => Promise<GpuDevice>): BenchEngine {
  return {
    name: 'studio',
    async start(one, data) {
      const device = await open();
      const { batch, frames, channelCount, outputCount } = one;
      const parameters = new ParameterSet(device, data.parameters, () => true);
      parameters.load(data.weights);
      const graph = new Graph();
      const lfp = graph.input('lfp', [batch, frames, channelCount]);
      const target = graph.input('target', [batch, frames, outputCount]);
      const ones = (shape: number[]): Tensor =>
        graph.constant('ones', shape, new Float32Array(shape[0] * shape[1]).fill(1));
      const prediction = benchStudent(lfp, parameters.reader(graph), one);
      const loss = weightedMse(
        prediction,
        target,
        ones([batch, frames]),
        ones([batch, outputCount]),
      );
      const { weightDecay, clipNorm, learningRate } = OPTIMISER;
      const trainer = await Trainer.create({
        device,
        graph,
        losses: [{ name: 'loss', tensor: loss }],
        sets: [{ parameters, weightDecay, clipNorm }],
        microBatches: 1,
      });
      trainer.plan.write(lfp, data.lfp);
      trainer.plan.write(target, data.target);
      let step = 0;
      const losses: number[] = [];
      return {
        async step() {
          await trainer.step({ seed: 0, step: step++, learningRate, write: () => {} });
          await trainer.plan.finished(0);
        },
        async losses() {
          losses.push(...(await trainer.settle()).map((record) => record.values.loss));
          return losses;
        },
        destroy() {
          trainer.destroy();
          parameters.destroy();
          device.destroy();
        },
      };
    },
  };
}
