// Where parameters lie in flat memory, and in which order files keep them.

import { type Shape, sizeOf } from './tensor';

export interface ParameterSpec {
  readonly name: string;
  readonly shape: Shape;
  /** AdamW's decoupled weight decay applies. */
  readonly decay: boolean;
  /**
   * Lies in memory without padding behind this earlier parameter, so that one tensor covers both: two Linears of one
   * input are one, and so are the two directions of a layer.
   */
  readonly behind?: string;
}

/** Trained with decay, trained without, frozen; so one AdamW covers a prefix. */
export interface Layout {
  readonly offsets: ReadonlyMap<string, number>;
  /** Elements up to the end of each group. */
  readonly decayCount: number;
  readonly trainedCount: number;
  readonly count: number;
}

/** WebGPU binds ranges at multiples of 256 bytes: that many halves, which mirror the numbers of memory. */
const MEMORY_ALIGNMENT = 128;
/** As files have always had it. */
const FILE_ALIGNMENT = 64;

/**
 * The order of memory, with every parameter behind the one that it names.
 * @throws Error naming a parameter that comes twice, or without the one before it
 */
export function memoryLayout(
  specs: readonly ParameterSpec[],
  isTrained: (name: string) => boolean,
): Layout {
  return layoutOf(specs, isTrained, MEMORY_ALIGNMENT, (group) => {
    const next = new Map(group.map((spec) => [spec.behind, spec]));
    const placed = group.flatMap((spec) => {
      const row: ParameterSpec[] = [];
      if (spec.behind !== undefined) return row;
      for (let at: ParameterSpec | undefined = spec; at; at = next.get(at.name)) row.push(at);
      return row;
    });
    const left = group.find((spec) => !placed.includes(spec));
    if (left) {
      throw new Error(
        `[parameters] expected ${left.name} alone behind ${left.behind}, got them apart: train, decay or freeze both`,
      );
    }
    return placed;
  });
}

/** The order of the list: checkpoints keep it, whatever lies behind what in memory. */
export function fileLayout(
  specs: readonly ParameterSpec[],
  isTrained: (name: string) => boolean,
): Layout {
  return layoutOf(specs, isTrained, FILE_ALIGNMENT, (group) => group);
}

function layoutOf(
  specs: readonly ParameterSpec[],
  isTrained: (name: string) => boolean,
  alignment: number,
  sort: (group: readonly ParameterSpec[]) => readonly ParameterSpec[],
): Layout {
  const offsets = new Map<string, number>();
  const aligned = (elements: number): number => Math.ceil(elements / alignment) * alignment;
  let offset = 0;
  const place = (wanted: (spec: ParameterSpec) => boolean): number => {
    let last: string | undefined;
    for (const { name, shape, behind } of sort(specs.filter(wanted))) {
      if (offsets.has(name)) {
        throw new Error(`[parameters] expected each name once, got ${name} twice`);
      }
      if (behind === undefined || behind !== last) offset = aligned(offset);
      offsets.set(name, offset);
      offset += sizeOf(shape);
      last = name;
    }
    offset = aligned(offset);
    return offset;
  };
  const decayCount = place(({ name, decay }) => isTrained(name) && decay);
  const trainedCount = place(({ name, decay }) => isTrained(name) && !decay);
  const count = place(({ name }) => !isTrained(name));
  return { offsets, decayCount, trainedCount, count };
}

/** Numbers of all parameters, or of the trained ones, from one order into another. */
export function moveParameters(
  numbers: Float32Array,
  specs: readonly ParameterSpec[],
  from: Layout,
  to: Layout,
): Float32Array {
  const moved = new Float32Array(numbers.length === from.count ? to.count : to.trainedCount);
  for (const { name, shape } of specs) {
    const offset = from.offsets.get(name)!;
    if (offset >= numbers.length) continue;
    moved.set(numbers.subarray(offset, offset + sizeOf(shape)), to.offsets.get(name)!);
  }
  return moved;
}
