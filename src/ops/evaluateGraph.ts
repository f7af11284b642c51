// For tests beside testOp: the numbers of a small graph on one device, at once or frame by frame.

import { Graph } from '../autograd/graph';
import { compile } from '../autograd/plan';
import { createStore, type Device, type Store } from '../autograd/store';
import { type Shape, sizeOf, type Tensor } from '../autograd/tensor';
import { gaussian, PURPOSE } from '../base/rng';

export interface Value {
  readonly shape: Shape;
  readonly values: Float32Array;
}

/** Builds, runs once and reads the outputs. */
export async function evaluate(
  device: Device,
  inputs: readonly Value[],
  build: (inputs: Tensor[], graph: Graph) => Tensor | readonly Tensor[],
): Promise<Float32Array[]> {
  const graph = new Graph();
  const tensors = inputs.map(({ shape }, k) => graph.input(`input${k}`, shape));
  const outputs = [build(tensors, graph)].flat() as Tensor[];
  for (const output of outputs) graph.output(output);
  const plan = await compile(graph, device);
  tensors.forEach((tensor, k) => {
    plan.write(tensor, inputs[k].values);
  });
  plan.run();
  const read: Float32Array[] = [];
  for (const output of outputs) read.push(await plan.read(output));
  plan.destroy();
  return read;
}

/**
 * Feeds x [B, T, ...] one frame at a time to a plan whose state lies in zero-filled stores, as a decoder does.
 * @param build appends the op and the effect that advances the state
 * @param beforeFrame what the processor writes before frame t
 * @returns the outputs of all frames, [B, T, ...]
 */
export async function stream(
  device: Device,
  x: Value,
  stateShapes: readonly Shape[],
  build: (frame: Tensor, states: readonly Tensor[], graph: Graph) => Tensor,
  beforeFrame: (t: number, stores: readonly Store[]) => void = () => {},
): Promise<Float32Array> {
  const [batch, frames, ...rest] = x.shape;
  const graph = new Graph();
  const stores = stateShapes.map((shape) => createStore(device, sizeOf(shape), 'state'));
  const states = stateShapes.map((shape, k) => graph.stored(`state${k}`, shape, stores[k]));
  const frame = graph.input('frame', [batch, 1, ...rest]);
  const output = graph.output(build(frame, states, graph));
  const plan = await compile(graph, device);
  const width = sizeOf(rest);
  const outWidth = output.size / batch;
  const out = new Float32Array(batch * frames * outWidth);
  const slice = new Float32Array(batch * width);
  for (let t = 0; t < frames; t++) {
    for (let b = 0; b < batch; b++) {
      const from = (b * frames + t) * width;
      slice.set(x.values.subarray(from, from + width), b * width);
    }
    beforeFrame(t, stores);
    plan.write(frame, slice);
    plan.run();
    const got = await plan.read(output);
    for (let b = 0; b < batch; b++) {
      const part = got.subarray(b * outWidth, (b + 1) * outWidth);
      out.set(part, (b * frames + t) * outWidth);
    }
  }
  plan.destroy();
  for (const store of stores) store.destroy();
  return out;
}

/** Standard normal numbers for a test, the same on every run. */
export function normalValue(shape: Shape, seed: number): Value {
  return {
    shape,
    values: Float32Array.from({ length: sizeOf(shape) }, (_, k) =>
      gaussian(seed, PURPOSE.test, 0, k),
    ),
  };
}

/** A copy of x [B, T, ...] with every number of frames `from` and later replaced. */
export function withOtherFuture({ shape, values }: Value, from: number, seed: number): Value {
  const width = sizeOf(shape.slice(2));
  const other = normalValue(shape, seed).values;
  return {
    shape,
    values: values.map((value, k) =>
      Math.floor(k / width) % shape[1] >= from ? 5 * other[k] : value,
    ),
  };
}

/** The numbers of x [B, T, ...] with the frames in reversed order. */
export function flipFrames({ shape, values }: Value): Value {
  const [, frames] = shape;
  const width = sizeOf(shape.slice(2));
  return {
    shape,
    values: values.map((_, k) => {
      const row = Math.floor(k / width);
      const t = row % frames;
      return values[(row - t + frames - 1 - t) * width + (k % width)];
    }),
  };
}

/** How many of the leading frames of two [B, T, ...] results are the same to the bit in every batch entry. */
export function equalFrames(
  a: Float32Array,
  b: Float32Array,
  batch: number,
  frames: number,
): number {
  const width = a.length / (batch * frames);
  for (let t = 0; t < frames; t++) {
    for (let entry = 0; entry < batch; entry++) {
      for (let k = (entry * frames + t) * width; k < (entry * frames + t + 1) * width; k++) {
        if (!Object.is(a[k], b[k])) return t;
      }
    }
  }
  return frames;
}

/** Largest difference of two results. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new Error(`expected ${a.length} numbers, got ${b.length}`);
  return a.reduce((worst, value, k) => Math.max(worst, Math.abs(value - b[k])), 0);
}
