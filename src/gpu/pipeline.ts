// Compute pipelines: one per shader, entry point, constants and set of bindings, shared by all plans of a device.

import type { GpuDevice } from './device';
import { DeviceLostError } from './deviceLost';
import type { Access, Shader } from './shader';

export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

const modules = new WeakMap<GPUDevice, Map<Shader, GPUShaderModule>>();
const pipelines = new WeakMap<GPUDevice, Map<string, Promise<Pipeline>>>();

const BUFFER_TYPE: Record<Access, GPUBufferBindingType> = {
  read: 'read-only-storage',
  read_write: 'storage',
  uniform: 'uniform',
};

/** Number of distinct pipelines that this device has made. */
export function pipelineCount(gpu: GpuDevice): number {
  return pipelines.get(gpu.device)?.size ?? 0;
}

/**
 * The pipeline of one entry point with its override constants; made once per device.
 * @param bindingNames the bindings that a dispatch of this entry point will pass
 * @throws Error naming the shader when a binding or constant is not declared in it, or when WGSL does not compile
 */
export function pipelineFor(
  gpu: GpuDevice,
  shader: Shader,
  entry: string,
  constants: Readonly<Record<string, number>>,
  bindingNames: readonly string[],
): Promise<Pipeline> {
  const key = `${shader.name}.${entry}|${JSON.stringify(Object.entries(constants).sort())}|${[...bindingNames].sort()}`;
  let cache = pipelines.get(gpu.device);
  if (!cache) pipelines.set(gpu.device, (cache = new Map()));
  let made = cache.get(key);
  if (!made) cache.set(key, (made = create(gpu, shader, entry, constants, bindingNames)));
  return made;
}

async function create(
  gpu: GpuDevice,
  shader: Shader,
  entry: string,
  constants: Readonly<Record<string, number>>,
  bindingNames: readonly string[],
): Promise<Pipeline> {
  const { device } = gpu;
  const label = `${shader.name}.${entry}`;
  for (const constant of Object.keys(constants)) {
    if (!shader.overrides.has(constant)) {
      throw new Error(`[${label}] expected an override named ${constant} in the shader, got none`);
    }
  }
  const entries = bindingNames.map((name): GPUBindGroupLayoutEntry => {
    const declared = shader.bindings.get(name);
    if (!declared)
      throw new Error(`[${label}] expected a binding named ${name} in the shader, got none`);
    return {
      binding: declared.index,
      visibility: GPU_COMPUTE_STAGE,
      buffer: { type: BUFFER_TYPE[declared.access] },
    };
  });
  const storageCount = entries.filter((entry) => entry.buffer?.type !== 'uniform').length;
  if (storageCount > 8) {
    throw new Error(
      `[${label}] expected at most 8 storage buffers, got ${storageCount}: split the kernel`,
    );
  }
  const layout = device.createBindGroupLayout({ label, entries });
  const module = moduleFor(gpu, shader);
  const pipeline = await gpu
    .guard(
      device.createComputePipelineAsync({
        label,
        layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: entry, constants: { ...constants } },
      }),
    )
    .catch(async (error: Error) => {
      if (error instanceof DeviceLostError) throw error;
      const info = await gpu.guard(module.getCompilationInfo());
      const lines = info.messages.map((m) => `${shader.name}.wgsl:${m.lineNum}: ${m.message}`);
      throw new Error(`[${label}] ${error.message}\n${lines.join('\n')}`);
    });
  return { pipeline, layout };
}

// The numeric value of GPUShaderStage.COMPUTE: the global is absent in Node until Dawn's globals are installed.
const GPU_COMPUTE_STAGE = 4;

function moduleFor(gpu: GpuDevice, shader: Shader): GPUShaderModule {
  let cache = modules.get(gpu.device);
  if (!cache) modules.set(gpu.device, (cache = new Map()));
  let module = cache.get(shader);
  if (!module) {
    module = gpu.device.createShaderModule({ label: shader.name, code: shader.code });
    cache.set(shader, module);
  }
  return module;
}
