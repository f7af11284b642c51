// The benchmark in Node on Dawn; bundled and started by run.mjs.

import { create, globals } from 'webgpu';
import { paceDawnPolling } from '../src/base/dawnPolling';
import { describeAdapter } from '../src/gpu/device';
import type { BenchOptions, BenchResult } from './bench';
import { runTorch } from './torchStep';

/** @param log gets each line of progress */
export async function benchInNode(
  options: BenchOptions,
  log: (line: string) => void,
): Promise<{ result: BenchResult; table: string }> {
  const gpu = create([]);
  // Dawn's instance must stay referenced: collected, it takes the process down. The peers look for a browser.
  Object.assign(globalThis, globals, { realmDawnInstance: gpu });
  const navigator = { gpu, userAgent: 'Node', hardwareConcurrency: 2 };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  const adapter = await gpu.requestAdapter();
  if (adapter && describeAdapter(adapter.info).isSoftware) paceDawnPolling();
  shimIterators();
  const { runBench } = await import('./bench');
  return runBench(gpu, `Node ${process.versions.node}`, options, log, runTorch);
}

/** jax-js uses the helpers of iterators, which Node has from version 22 on. */
function shimIterators(): void {
  const prototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())) as object;
  const helpers = {
    *map(this: Iterable<unknown>, each: (one: unknown) => unknown) {
      for (const one of this) yield each(one);
    },
    *filter(this: Iterable<unknown>, keep: (one: unknown) => boolean) {
      for (const one of this) if (keep(one)) yield one;
    },
    toArray(this: Iterable<unknown>) {
      return [...this];
    },
    some(this: Iterable<unknown>, test: (one: unknown) => boolean) {
      return [...this].some(test);
    },
    every(this: Iterable<unknown>, test: (one: unknown) => boolean) {
      return [...this].every(test);
    },
  };
  for (const [name, value] of Object.entries(helpers)) {
    if (name in prototype) continue;
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  }
}
