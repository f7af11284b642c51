/** MATLAB values as the readers of both file generations give them: numbers, text, cells and structures. */
import type { NumericArray } from './arraySeries';

export interface MatNumeric {
  readonly kind: 'numeric';
  readonly dims: readonly number[];
  /** Vectors and matrices only; read in slices. */
  readonly array?: NumericArray;
  /** All values in MATLAB's column order. */
  values(): Promise<ArrayLike<number>>;
}

export interface MatText {
  readonly kind: 'text';
  readonly text: string;
}

export interface MatCell {
  readonly kind: 'cell';
  readonly dims: readonly number[];
  /** In MATLAB's column order. */
  item(i: number): MatValue;
}

export interface MatStruct {
  readonly kind: 'struct';
  readonly dims: readonly number[];
  readonly fields: readonly string[];
  /** Field of the i-th element of a structure array. */
  get(i: number, field: string): MatValue;
}

/** Something that holds no recording: sparse matrices, objects, function handles. */
export interface MatOther {
  readonly kind: 'other';
  readonly what: string;
}

export type MatValue = MatNumeric | MatText | MatCell | MatStruct | MatOther;

export function countOf(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}

/** Sizes without ones; a vector is one size, a single number none. */
export function squeezed(dims: readonly number[]): number[] {
  return dims.filter((size) => size !== 1);
}

/** Texts of a cell array, or undefined when it holds anything else. */
export function textsOf(value: MatValue | undefined): string[] | undefined {
  if (value?.kind !== 'cell') return undefined;
  const texts: string[] = [];
  for (let i = 0; i < countOf(value.dims); i++) {
    const item = value.item(i);
    if (item.kind !== 'text') return undefined;
    texts.push(item.text);
  }
  return texts;
}

/** The number in a 1 x 1 array, or undefined. */
export async function scalarOf(value: MatValue | undefined): Promise<number | undefined> {
  if (value?.kind !== 'numeric' || countOf(value.dims) !== 1) return undefined;
  return (await value.values())[0];
}

/** Field of a single structure, or undefined. */
export function fieldOf(value: MatValue | undefined, field: string): MatValue | undefined {
  if (value?.kind !== 'struct' || countOf(value.dims) !== 1 || !value.fields.includes(field)) {
    return undefined;
  }
  return value.get(0, field);
}
