// `devices`: what there is to compute on.

import { describeAdapter } from '../gpu/device';
import type { Command } from './command';
import { CPU_NAME, dawn } from './nodeDevice';
import { parseOptions } from './options';

const FEATURES = ['shader-f16', 'subgroups', 'timestamp-query'];
const MIB = 1024 * 1024;

export const devices: Command = {
  name: 'devices',
  summary: 'List the adapters, their features and the limits that matter.',
  options: {},
  async run(args, terminal) {
    parseOptions({}, args);
    const adapters = await listAdapters(await dawn());
    for (const [name, { features: has, limits }] of adapters) {
      const features = FEATURES.filter((feature) => has.has(feature));
      terminal.print(
        [
          `gpu: ${name}`,
          `  features: ${features.join(', ') || `none of ${FEATURES.join(', ')}`}`,
          `  largest buffer ${Math.floor(limits.maxBufferSize / MIB)} MiB, largest binding ${Math.floor(limits.maxStorageBufferBindingSize / MIB)} MiB`,
          `  workgroup: ${limits.maxComputeInvocationsPerWorkgroup} invocations, ${limits.maxComputeWorkgroupStorageSize} bytes shared; ${limits.maxStorageBuffersPerShaderStage} storage buffers`,
        ].join('\n'),
      );
    }
    if (adapters.size === 0) {
      terminal.print('gpu: none; update the driver or install a software one (lavapipe)');
    }
    terminal.print(`cpu: ${CPU_NAME}, slow: the reference for checks`);
    return 0;
  },
};

/** WebGPU has no list of adapters; each kind of request may give another one. */
async function listAdapters(gpu: GPU): Promise<Map<string, GPUAdapter>> {
  const requests: GPURequestAdapterOptions[] = [
    { powerPreference: 'high-performance' },
    { powerPreference: 'low-power' },
    { forceFallbackAdapter: true },
  ];
  const found = new Map<string, GPUAdapter>();
  for (const request of requests) {
    const adapter = await gpu.requestAdapter(request);
    if (!adapter) continue;
    const { adapterName, isSoftware } = describeAdapter(adapter.info);
    const name = isSoftware ? `${adapterName} (software)` : adapterName;
    if (!found.has(name)) found.set(name, adapter);
  }
  return found;
}
