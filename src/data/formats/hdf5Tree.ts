/** An HDF5 file as a tree of groups and arrays. */
import type * as H5 from 'h5wasm';
import { attributeOf, isDataset, isH5Group, readNumbers, readTexts } from './hdf5';
import type { TreeArray, TreeGroup, TreeNode } from './tree';

export function hdf5Group(group: H5.Group): TreeGroup {
  return {
    kind: 'group',
    path: group.path,
    keys: () => group.keys(),
    get(path) {
      let node: H5.Entity | null = group;
      for (const name of path.split('/')) {
        if (!isH5Group(node) || !node.keys().includes(name)) return undefined;
        node = node.get(name);
      }
      return nodeOf(node);
    },
    attribute: (name) => attributeOf(group, name),
  };
}

function nodeOf(entity: H5.Entity | null): TreeNode | undefined {
  if (isH5Group(entity)) return hdf5Group(entity);
  return isDataset(entity) ? hdf5Array(entity) : undefined;
}

function hdf5Array(dataset: H5.Dataset): TreeArray {
  const { chunks } = dataset.metadata;
  return {
    kind: 'array',
    path: dataset.path,
    shape: dataset.shape ?? [],
    isWhole: /^[<>]?[bBhHiIqQ]$/.test(String(dataset.dtype)),
    ...(chunks && { chunk: chunks }),
    filters: chunks ? dataset.filters.map(({ name, id }) => name || `filter ${id}`) : [],
    attribute: (name) => attributeOf(dataset, name),
    async read(ranges) {
      if (!ranges) return readNumbers(dataset);
      const values = dataset.slice(
        ranges.map(([start, end, step]) => (step ? [start, end, step] : [start, end])),
      );
      return ArrayBuffer.isView(values) ? numbersOf(values as unknown as ArrayLike<number>) : [];
    },
    texts: async () => readTexts(dataset),
  };
}

/** 64-bit integers come as big ones, which do not mix with others. */
function numbersOf(raw: ArrayLike<number | bigint>): ArrayLike<number> {
  const isBig = raw instanceof BigInt64Array || raw instanceof BigUint64Array;
  return isBig ? Float64Array.from(raw, Number) : (raw as ArrayLike<number>);
}
