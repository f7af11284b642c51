// Broadband reduced on the device: blocks go up, the few samples that are kept come down, while the next block is read.

import { Graph } from '../autograd/graph';
import { compile } from '../autograd/plan';
import { createStore } from '../autograd/store';
import type { Decimator, DecimatorDesign } from '../data/formats/decimator';
import type { Biquad } from '../data/frontEnd/biquad';
import type { GpuDevice } from '../gpu/device';
import { assign } from '../ops/assign';
import { DECIMATE_STATE, decimate } from '../ops/decimate';

/** In one dispatch, which holds a software GPU for less than a tenth of a second. */
const BLOCK_VALUES = 2 ** 20;
/** Channels run side by side, samples one after the other: few channels must not make a dispatch long. */
const BLOCK_SAMPLES = 2 ** 15;

export function keptPerDispatch(width: number, factor: number): number {
  return Math.max(1, Math.floor(Math.min(BLOCK_VALUES / width, BLOCK_SAMPLES) / factor));
}

/**
 * The same samples as `cpuDecimator` to 1e-4 of their size, in float32. Of the blocks pushed, those that fill a dispatch
 * are under way when `push` returns, and come with the next call.
 */
export async function createGpuDecimator(
  device: GpuDevice,
  { sections, factor, width }: DecimatorDesign,
): Promise<Decimator> {
  const rows = keptPerDispatch(width, factor);
  const blockLength = rows * factor * width;
  const graph = new Graph();
  const state = createStore(device, width * DECIMATE_STATE, 'decimator state');
  const output = createStore(device, rows * width, 'decimator output');
  const stored = graph.stored('state', [width, DECIMATE_STATE], state);
  const samples = graph.input('samples', [rows * factor, width]);
  const gains = graph.constant('sections', [sections.length, 3], trapezoidal(sections));
  const [kept, nextState] = decimate(samples, stored, gains, factor);
  // Copied bit by bit: a missing sample is NaN, which shaders need not keep.
  graph.pin(kept, output, 0);
  assign(stored, nextState);
  const plan = await compile(graph, device);
  const readOutput = output.repeatedRead();

  const waiting = new Float32Array(blockLength);
  let filled = 0;
  let underWay: Promise<Float32Array> | undefined;
  const launch = async (length: number): Promise<Float32Array> => {
    const before = underWay ? await underWay : new Float32Array(0);
    waiting.fill(0, length);
    plan.write(samples, waiting);
    plan.run();
    const rowCount = Math.ceil(length / width / factor);
    underWay = readOutput().then((values) => values.subarray(0, rowCount * width));
    // Whoever stops early does not ask for it.
    underWay.catch(() => {});
    return before;
  };

  return {
    adapter: device.adapterName,
    async push(block) {
      const ready: Float32Array[] = [];
      for (let from = 0; from < block.length; ) {
        const part = block.subarray(from, from + blockLength - filled);
        waiting.set(part, filled);
        filled += part.length;
        from += part.length;
        if (filled < blockLength) break;
        ready.push(await launch(filled));
        filled = 0;
      }
      return joined(ready);
    },
    async finish() {
      const ready = filled > 0 ? [await launch(filled)] : [];
      filled = 0;
      if (underWay) ready.push(await underWay);
      underWay = undefined;
      return joined(ready);
    },
    close() {
      plan.destroy();
      state.destroy();
      output.destroy();
    },
  };
}

/** `[section, 3]`, as the op takes them; of low-passes by the bilinear transform, b = b0 (1, 2, 1). */
function trapezoidal(sections: readonly Biquad[]): Float32Array {
  return Float32Array.from(
    sections.flatMap(({ b0, a2 }) => {
      const through = (1 + a2) / 2 - b0;
      return [through, Math.sqrt(b0 * through), b0];
    }),
  );
}

function joined(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0];
  const whole = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
