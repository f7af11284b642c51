// Counts what an engine asks of WebGPU by wrapping the methods of the device's classes: the same for all engines, and
// none needs to know. Optionally records the dispatches, so that each can be repeated and timed alone.

export interface Counts {
  dispatches: number;
  submits: number;
  bindGroups: number;
  buffers: number;
  pipelines: number;
  writes: number;
  writtenBytes: number;
}

export interface RecordedDispatch {
  /** The pipeline's label. */
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
  /** Bytes of all bound ranges: each is read or written at least once by a kernel that wastes nothing. */
  readonly boundBytes: number;
}

const none = (): Counts => ({
  dispatches: 0,
  submits: 0,
  bindGroups: 0,
  buffers: 0,
  pipelines: 0,
  writes: 0,
  writtenBytes: 0,
});

/** Bytes of the buffers made for an engine and not destroyed. */
export interface Held {
  bytes: number;
  peakBytes: number;
}

let counts = none();
let held: Held = { bytes: 0, peakBytes: 0 };
let recording: RecordedDispatch[] | undefined;
const owners = new WeakMap<GPUBuffer, { owner: Held; bytes: number }>();
const boundBytes = new WeakMap<GPUBindGroup, number>();
const passes = new WeakMap<
  GPUComputePassEncoder,
  { pipeline?: GPUComputePipeline; group?: GPUBindGroup }
>();
const wrapped = new WeakSet<object>();

export const newHeld = (): Held => ({ bytes: 0, peakBytes: 0 });

/** What happens while the engine works, its memory charged to `owner`. */
export async function counting<T>(owner: Held, work: () => Promise<T>): Promise<[T, Counts]> {
  const previous = held;
  held = owner;
  counts = none();
  const result = await work();
  held = previous;
  return [result, counts];
}

/** The dispatches that `work` encodes. */
export async function recordDispatches(
  work: () => void | Promise<void>,
): Promise<RecordedDispatch[]> {
  recording = [];
  await work();
  const recorded = recording;
  recording = undefined;
  return recorded;
}

/** Wraps the classes of this device; once per process, whatever engine opened it. */
export function installCounters(device: GPUDevice): void {
  const classOf = (object: object): object => Object.getPrototypeOf(object) as object;
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.end();
  const buffer = device.createBuffer({ size: 16, usage: 8 });
  after(classOf(device), 'createBuffer', (made, [{ size }]) => {
    counts.buffers++;
    held.bytes += size;
    held.peakBytes = Math.max(held.peakBytes, held.bytes);
    owners.set(made as GPUBuffer, { owner: held, bytes: size });
  });
  after(classOf(buffer), 'destroy', (_, __, destroyed) => {
    const entry = owners.get(destroyed as GPUBuffer);
    if (entry) entry.owner.bytes -= entry.bytes;
    owners.delete(destroyed as GPUBuffer);
  });
  after(classOf(device), 'createBindGroup', (made, [{ entries }]) => {
    counts.bindGroups++;
    const resources = [...(entries as Iterable<GPUBindGroupEntry>)].map(
      (entry) => entry.resource as GPUBufferBinding,
    );
    const bytes = resources.reduce(
      (sum, { size, buffer: bound }) => sum + (size ?? bound?.size ?? 0),
      0,
    );
    boundBytes.set(made as GPUBindGroup, bytes);
  });
  for (const name of ['createComputePipeline', 'createComputePipelineAsync']) {
    after(classOf(device), name, () => {
      counts.pipelines++;
    });
  }
  after(classOf(device.queue), 'submit', () => {
    counts.submits++;
  });
  after(classOf(device.queue), 'writeBuffer', (_, [, , data, dataOffset, size]) => {
    const { byteLength } = data as ArrayBuffer | ArrayBufferView;
    // Offset and size count elements of a typed array, bytes of anything else.
    const unit = (data as Partial<Float32Array>).BYTES_PER_ELEMENT ?? 1;
    counts.writes++;
    counts.writtenBytes +=
      ((size as number) ?? byteLength / unit - ((dataOffset as number) ?? 0)) * unit;
  });
  after(classOf(pass), 'setPipeline', (_, [pipeline], self) => {
    if (recording) stateOf(self).pipeline = pipeline;
  });
  after(classOf(pass), 'setBindGroup', (_, [, group], self) => {
    if (recording) stateOf(self).group = group;
  });
  after(classOf(pass), 'dispatchWorkgroups', (_, [x, y = 1, z = 1], self) => {
    counts.dispatches++;
    if (!recording) return;
    const { pipeline, group } = stateOf(self);
    recording.push({
      label: pipeline!.label,
      pipeline: pipeline!,
      bindGroup: group!,
      workgroups: [x, y, z],
      boundBytes: boundBytes.get(group!) ?? 0,
    });
  });
  buffer.destroy();
}

function stateOf(pass: object): { pipeline?: GPUComputePipeline; group?: GPUBindGroup } {
  let state = passes.get(pass as GPUComputePassEncoder);
  if (!state) passes.set(pass as GPUComputePassEncoder, (state = {}));
  return state;
}

// biome-ignore lint/suspicious/noExplicitAny: the arguments of whichever WebGPU method is wrapped
type Note = (result: unknown, args: any[], self: object) => void;

function after(prototype: object, name: string, note: Note): void {
  const methods = prototype as Record<string, (...args: unknown[]) => unknown>;
  const method = methods[name];
  if (wrapped.has(method)) return;
  const replacement = function (this: object, ...args: unknown[]): unknown {
    const result = method.apply(this, args);
    note(result, args, this);
    return result;
  };
  wrapped.add(replacement);
  Object.defineProperty(prototype, name, {
    value: replacement,
    configurable: true,
    writable: true,
  });
}
