// Whether this browser can run the studio, and if not, what stands in the way.

export type GateReason = 'insecure' | 'no-webgpu' | 'no-adapter';

/** @returns undefined when WebGPU works here */
export async function checkWebGpu(): Promise<GateReason | undefined> {
  if (!navigator.gpu) return window.isSecureContext ? 'no-webgpu' : 'insecure';
  try {
    return (await navigator.gpu.requestAdapter()) ? undefined : 'no-adapter';
  } catch {
    return 'no-adapter';
  }
}
