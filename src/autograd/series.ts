// Replays in a row with one submit and one readback: before each its row of inputs is copied in, after each its row of
// outputs out.

import { USAGE } from '../gpu/buffer';
import type { GpuDevice } from '../gpu/device';
import type { Store } from './store';

export interface Series {
  /**
   * One replay for each row.
   * @param rows [k, input.elements], k from 1 to the most that was asked for
   * @returns [k, output.elements]
   * @throws Error for another number of rows
   */
  run(rows: Float32Array): Promise<Float32Array>;
  destroy(): void;
}

/** Stores that the graph reads and writes, and the most replays of one run. */
export interface SeriesOptions {
  readonly input: Store;
  readonly output: Store;
  readonly most: number;
}

/** On the cpu device: replay after replay. */
export function createCpuSeries(replay: () => void, options: SeriesOptions): Series {
  const { input, output } = options;
  return {
    async run(rows) {
      const count = rowCount(rows, options);
      const results = new Float32Array(count * output.elements);
      for (let i = 0; i < count; i++) {
        input.write(rows.subarray(i * input.elements, (i + 1) * input.elements));
        replay();
        results.set(await output.read(), i * output.elements);
      }
      return results;
    },
    destroy: () => {},
  };
}

/** @param encode one replay */
export function createGpuSeries(
  gpu: GpuDevice,
  encode: (encoder: GPUCommandEncoder) => void,
  options: SeriesOptions,
): Series {
  const { device } = gpu;
  const { input, output, most } = options;
  const [inputBytes, outputBytes] = [input.elements * 4, output.elements * 4];
  const queued = device.createBuffer({
    label: 'series inputs',
    size: most * inputBytes,
    usage: USAGE.copySource | USAGE.copyTarget,
  });
  const staging = device.createBuffer({
    label: 'series outputs',
    size: most * outputBytes,
    usage: USAGE.mapRead | USAGE.copyTarget,
  });
  return {
    async run(rows) {
      gpu.throwIfFailed();
      const count = rowCount(rows, options);
      device.queue.writeBuffer(queued, 0, rows as Float32Array<ArrayBuffer>);
      const encoder = device.createCommandEncoder({ label: 'series' });
      for (let i = 0; i < count; i++) {
        encoder.copyBufferToBuffer(queued, i * inputBytes, input.gpu!.buffer, 0, inputBytes);
        encode(encoder);
        encoder.copyBufferToBuffer(output.gpu!.buffer, 0, staging, i * outputBytes, outputBytes);
      }
      device.queue.submit([encoder.finish()]);
      await gpu.guard(staging.mapAsync(1, 0, count * outputBytes));
      const results = new Float32Array(staging.getMappedRange(0, count * outputBytes).slice(0));
      staging.unmap();
      gpu.throwIfFailed();
      return results;
    },
    destroy() {
      queued.destroy();
      staging.destroy();
    },
  };
}

function rowCount(rows: Float32Array, { input, most }: SeriesOptions): number {
  const count = rows.length / input.elements;
  if (!Number.isInteger(count) || count < 1 || count > most) {
    throw new Error(
      `[series] expected 1 to ${most} rows of ${input.elements} numbers, got ${rows.length} numbers`,
    );
  }
  return count;
}
