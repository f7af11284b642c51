// The whole state of a stage between two steps, and its bytes: one safetensors file with the record as metadata.

import type { ParameterSet } from '../autograd/parameterSet';
import type { Store } from '../autograd/store';
import { readSafetensors, writeSafetensors } from '../model/safetensors';
import type { Stage, StepRecord, ValidationRecord } from './events';

export interface StageRecord {
  readonly stage: Stage;
  readonly seed: number;
  /** Optimiser steps done. */
  readonly step: number;
  /** Of mixed precision: the loss scale and the steps since it changed. */
  readonly lossScale?: readonly number[];
  readonly best: ValidationRecord | undefined;
  readonly epochsSinceBest: number;
  readonly steps: readonly StepRecord[];
  readonly validations: readonly ValidationRecord[];
  /** Whatever the driver needs to rebuild the stage: settings, sessions, adapter. */
  readonly context: Readonly<Record<string, unknown>>;
}

export interface Snapshot {
  readonly record: StageRecord;
  /** Values and moments of each trained set, flat in the order of its list. */
  readonly sets: readonly {
    readonly values: Float32Array;
    readonly m: Float32Array;
    readonly v: Float32Array;
  }[];
  readonly bestWeights: ReadonlyMap<string, Float32Array> | undefined;
}

/**
 * Reads values and moments after all submitted steps.
 * @throws Error when a number is not finite: such a state must never replace a good one
 */
export async function readSets(sets: readonly ParameterSet[]): Promise<Snapshot['sets']> {
  const finite = async (store: Store): Promise<Float32Array> => {
    const numbers = await store.read();
    if (!numbers.every(Number.isFinite)) {
      throw new Error(
        `[checkpoint] expected finite ${store.label}, got NaN or infinity: the training diverged; lower the learning rate`,
      );
    }
    return numbers;
  };
  return Promise.all(
    sets.map(async (set) => ({
      values: set.toFileOrder(await finite(set.values)),
      m: set.toFileOrder(await finite(set.training.m)),
      v: set.toFileOrder(await finite(set.training.v)),
    })),
  );
}

/** @throws Error when the sets are others than those that were saved */
export function restoreSets(sets: readonly ParameterSet[], saved: Snapshot['sets']): void {
  if (sets.length !== saved.length) {
    throw new Error(`[checkpoint] expected ${sets.length} parameter sets, got ${saved.length}`);
  }
  sets.forEach((set, i) => {
    const { values, m, v } = saved[i];
    set.values.write(set.toMemoryOrder(values));
    set.training.m.write(set.toMemoryOrder(m));
    set.training.v.write(set.toMemoryOrder(v));
  });
}

export function encodeSnapshot({ record, sets, bestWeights }: Snapshot): Uint8Array {
  const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
  const put = (name: string, data: Float32Array): void => {
    tensors.set(name, { shape: [data.length], data });
  };
  sets.forEach(({ values, m, v }, i) => {
    put(`set.${i}.values`, values);
    put(`set.${i}.m`, m);
    put(`set.${i}.v`, v);
  });
  for (const [name, data] of bestWeights ?? []) put(`best.${name}`, data);
  return writeSafetensors(tensors, { record: JSON.stringify(record) });
}

/** @throws Error when the bytes are no snapshot */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const { tensors, metadata } = readSafetensors(bytes);
  if (!metadata.record) throw new Error('[checkpoint] expected a record in the file, got none');
  const record = JSON.parse(metadata.record) as StageRecord;
  const numbers = (name: string): Float32Array => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`[checkpoint] expected ${name} in the file, got none`);
    return tensor.data;
  };
  const count = [...tensors.keys()].filter((name) => /^set\.\d+\.values$/.test(name)).length;
  const sets = Array.from({ length: count }, (_, i) => ({
    values: numbers(`set.${i}.values`),
    m: numbers(`set.${i}.m`),
    v: numbers(`set.${i}.v`),
  }));
  const best = [...tensors.keys()].filter((name) => name.startsWith('best.'));
  return {
    record,
    sets,
    bestWeights:
      best.length === 0
        ? undefined
        : new Map(best.map((name) => [name.slice('best.'.length), numbers(name)])),
  };
}
