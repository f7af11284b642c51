/** HDF5 objects as MATLAB values: v7.3 files with their classes and references, and any other HDF5 file. */
import type * as H5 from 'h5wasm';
import type { NumericArray } from './arraySeries';
import { child, isDataset, isH5Group, numberAttribute, readNumbers, textAttribute } from './hdf5';
import { countOf, type MatValue, squeezed } from './matValue';

/** Where MATLAB keeps what references point at. */
const HIDDEN = new Set(['#refs#', '#subsystem#']);
const MAX_WHOLE_VALUES = 2 ** 27;
const MAX_TEXT = 65536;

/** Variables of a file by name. */
export function hdf5Variables(root: H5.File, isMatlab: boolean): Map<string, MatValue> {
  const reader = new Reader(root, isMatlab);
  const names = root.keys().filter((name) => !HIDDEN.has(name));
  return new Map(names.map((name) => [name, reader.value(child(root, name))]));
}

class Reader {
  readonly #root: H5.File;
  readonly #isMatlab: boolean;

  constructor(root: H5.File, isMatlab: boolean) {
    this.#root = root;
    this.#isMatlab = isMatlab;
  }

  value(entity: H5.Entity | null): MatValue {
    if (isH5Group(entity)) return this.#group(entity);
    if (!isDataset(entity)) return { kind: 'other', what: 'a link' };
    const { type, shape } = entity.metadata;
    const dims = this.#dims(shape ?? []);
    const name = textAttribute(entity, 'MATLAB_class');
    if (numberAttribute(entity, 'MATLAB_empty')) {
      return { kind: 'numeric', dims: [0, 0], values: async () => [] };
    }
    if (type === REFERENCE) return this.#cell(entity, dims);
    if (name === 'char') return { kind: 'text', text: this.#text(entity) };
    if (type === INTEGER || type === FLOAT || type === ENUM) return this.#numeric(entity, dims);
    return { kind: 'other', what: name ?? 'no numbers' };
  }

  #group(group: H5.Group): MatValue {
    if (numberAttribute(group, 'MATLAB_sparse') !== undefined) {
      return { kind: 'other', what: 'a sparse matrix' };
    }
    const fields = group.keys().filter((name) => !HIDDEN.has(name));
    const members = fields.map((field) => child(group, field));
    // An array of structures is stored as one array of references per field.
    const isArray =
      this.#isMatlab &&
      members.length > 0 &&
      members.every(
        (one) =>
          isDataset(one) &&
          one.metadata.type === REFERENCE &&
          textAttribute(one, 'MATLAB_class') === undefined,
      );
    if (!isArray) {
      return {
        kind: 'struct',
        dims: [1, 1],
        fields,
        get: (_, field) => this.value(child(group, field)),
      };
    }
    const dims = this.#dims((members[0] as H5.Dataset).shape ?? []);
    const cells = new Map(
      fields.map((field, f) => [field, this.#cell(members[f] as H5.Dataset, dims)]),
    );
    return {
      kind: 'struct',
      dims,
      fields,
      get: (i, field) => {
        const cell = cells.get(field);
        return cell?.kind === 'cell' ? cell.item(i) : { kind: 'other', what: 'nothing' };
      },
    };
  }

  #cell(dataset: H5.Dataset, dims: number[]): MatValue {
    let references: H5.Reference[] | undefined;
    return {
      kind: 'cell',
      dims,
      item: (i) => {
        references ??= dataset.value as H5.Reference[];
        const reference = references[i];
        if (!reference) return { kind: 'other', what: 'nothing' };
        return this.value(this.#root.dereference(reference) as unknown as H5.Entity | null);
      },
    };
  }

  #text(dataset: H5.Dataset): string {
    if (countOf(dataset.shape ?? []) > MAX_TEXT) return '';
    return String.fromCharCode(...readNumbers(dataset));
  }

  #numeric(dataset: H5.Dataset, dims: number[]): MatValue {
    const sizes = squeezed(dims);
    const isSeries = sizes.length > 0 && sizes.length <= 2;
    return {
      kind: 'numeric',
      dims,
      array: isSeries ? this.#array(dataset, sizes) : undefined,
      values: async () => {
        if (countOf(dims) > MAX_WHOLE_VALUES) {
          throw new Error(
            `[hdf5] expected at most ${MAX_WHOLE_VALUES} values in ${dataset.path}, got ${countOf(dims)}: ` +
              'choose a smaller array as time stamps or trials',
          );
        }
        return readNumbers(dataset);
      },
    };
  }

  #array(dataset: H5.Dataset, sizes: number[]): NumericArray {
    const shape = dataset.shape ?? [];
    const long = shape.map((_, axis) => axis).filter((axis) => shape[axis] !== 1);
    const axes = this.#isMatlab ? [...long].reverse() : long;
    const chunks = dataset.metadata.chunks;
    const names = chunks ? dataset.filters.map(({ name, id }) => name || `filter ${id}`) : [];
    return {
      dims: sizes,
      ...(chunks && { chunk: axes.map((axis) => chunks[axis]) }),
      ...(names.length > 0 && { compression: names.join(' + ') }),
      read: async (timeAxis, start, end) => {
        const timeOnDisk = axes[timeAxis];
        const ranges = shape.map((size, axis): [number, number] =>
          axis === timeOnDisk ? [start, end] : [0, size],
        );
        const raw = start < end ? (dataset.slice(ranges) as unknown as ArrayLike<number>) : [];
        const width = sizes.length === 1 ? 1 : sizes[1 - timeAxis];
        const count = end - start;
        if (raw?.length !== count * width) {
          throw new Error(
            `[hdf5] expected ${count * width} values from ${dataset.path}, got ${raw?.length ?? 0}: the file is ` +
              `cut short, or its compression (${names.join(' + ') || 'none'}) is not built in; rewrite it with gzip, ` +
              'for example by h5repack -f GZIP=4',
          );
        }
        const isTurned = sizes.length === 2 && axes[1 - timeAxis] < timeOnDisk;
        const out = new Float64Array(raw.length);
        for (let i = 0; i < count; i++) {
          for (let c = 0; c < width; c++) {
            out[i * width + c] = Number(raw[isTurned ? c * count + i : i * width + c]);
          }
        }
        return out;
      },
    };
  }

  /** MATLAB stores its columns first, so sizes come reversed. */
  #dims(shape: readonly number[]): number[] {
    return this.#isMatlab ? [...shape].reverse() : [...shape];
  }
}

/** HDF5's own numbers for its type classes. */
const INTEGER = 0;
const FLOAT = 1;
const REFERENCE = 7;
const ENUM = 8;
