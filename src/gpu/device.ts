// Opens the WebGPU device with the adapter's own limits and the optional features we use.

import { DeviceLostError } from './deviceLost';
import { hasPlainSubgroups } from './subgroupOrder';

export interface GpuDevice {
  readonly kind: 'gpu';
  readonly device: GPUDevice;
  /** Vendor, architecture and description as the adapter reports them; shown with every result. */
  readonly adapterName: string;
  /** A software rasteriser such as SwiftShader or lavapipe. */
  readonly isSoftware: boolean;
  /**
   * Invocations of a subgroup, where the adapter has subgroups of one fixed size that hold neighbours; kernels then take
   * their subgroup form.
   */
  readonly subgroupSize: number | undefined;
  /**
   * Products of halves are taken in f16. Not on software adapters, which convert each number there and back: on lavapipe
   * that takes six times as long as products in f32, twice without subgroups. On other adapters it is not measured yet.
   */
  readonly multipliesHalves: boolean;
  /** Rejects when the device is lost, else passes the promise on: no GPU wait may hang after a loss. */
  guard<T>(wait: Promise<T>): Promise<T>;
  /** Resolves when the device is lost, whatever the reason. */
  readonly lost: Promise<GPUDeviceLostInfo>;
  /** Throws the first validation or memory error that the device reported. */
  throwIfFailed(): void;
  destroy(): void;
}

/** A device that is lost says so within this time after its waits were rejected. */
const LOSS_MS = 500;

const OPTIONAL_FEATURES: readonly GPUFeatureName[] = ['subgroups', 'shader-f16', 'timestamp-query'];

/**
 * Opens the fastest adapter.
 * @param options.baseLevel leaves the optional features unused: what runs then runs everywhere
 * @throws Error when there is no adapter, with what to do.
 */
export async function openGpuDevice(gpu: GPU, { baseLevel = false } = {}): Promise<GpuDevice> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new Error(
      '[gpu] expected a WebGPU adapter, got none: enable hardware acceleration, update the graphics driver, or install a software Vulkan driver (lavapipe)',
    );
  }
  const { limits } = adapter;
  const device = await adapter.requestDevice({
    label: 'realm',
    requiredFeatures: OPTIONAL_FEATURES.filter(
      (feature) => !baseLevel && adapter.features.has(feature),
    ),
    requiredLimits: {
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      maxBufferSize: limits.maxBufferSize,
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
      maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      maxComputeWorkgroupSizeY: limits.maxComputeWorkgroupSizeY,
    },
  });
  const opened = wrapDevice(device, adapter.info);
  return { ...opened, subgroupSize: await subgroupSizeOf(opened, adapter.info) };
}

function wrapDevice(device: GPUDevice, info: GPUAdapterInfo): GpuDevice {
  let failure: string | undefined;
  device.addEventListener('uncapturederror', (event) => {
    failure ??= (event as GPUUncapturedErrorEvent).error.message;
  });
  const lostError = device.lost.then((lost) => {
    throw new DeviceLostError(
      `[gpu] expected the graphics device to stay, got its loss (${lost.reason}, ${lost.message || 'no message'}): ` +
        'close other programs that use the graphics card, reload the page, and resume from the last checkpoint',
    );
  });
  lostError.catch(() => {});
  const words = describeAdapter(info);
  return {
    kind: 'gpu',
    device,
    // Asked of the opened device.
    subgroupSize: undefined,
    multipliesHalves: device.features.has('shader-f16') && !words.isSoftware,
    ...words,
    guard: (wait) =>
      Promise.race([wait, lostError]).catch((error) => {
        if (error instanceof DeviceLostError) throw error;
        // A crashed GPU process rejects what waits for it before it says that the device is lost.
        return Promise.race([lostError, rejectLater<never>(error)]);
      }),
    lost: device.lost,
    throwIfFailed() {
      if (failure !== undefined) throw new Error(`[gpu] ${failure}`);
    },
    destroy: () => device.destroy(),
  };
}

async function subgroupSizeOf(
  gpu: GpuDevice,
  { subgroupMinSize, subgroupMaxSize }: GPUAdapterInfo,
): Promise<number | undefined> {
  const isFixed = gpu.device.features.has('subgroups') && subgroupMinSize === subgroupMaxSize;
  return isFixed && (await hasPlainSubgroups(gpu, subgroupMinSize)) ? subgroupMinSize : undefined;
}

function rejectLater<T>(error: unknown): Promise<T> {
  return new Promise((_, reject) => setTimeout(() => reject(error), LOSS_MS));
}

/** The adapter in words, and whether it is a software rasteriser. */
export function describeAdapter(
  info: GPUAdapterInfo,
): Pick<GpuDevice, 'adapterName' | 'isSoftware'> {
  const words = [info.vendor, info.architecture, info.description].filter(
    (word, i, all) => word && all.indexOf(word) === i,
  );
  const adapterName = words.join(' ') || 'unknown adapter';
  const isSoftware = info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe/i.test(adapterName);
  return { adapterName, isSoftware };
}
