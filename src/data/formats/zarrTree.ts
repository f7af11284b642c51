/** A Zarr hierarchy (version 2 or 3) as a tree of groups and arrays. */
import { Location, open } from 'zarrita';
import { isObject } from './jsonObject';
import type { TreeArray, TreeGroup, TreeNode, TreeRange } from './tree';
import { itemBytes, registerZarrCodecs } from './zarrCodecs';
import { type Chunked, readChunked } from './zarrRead';
import { explainZarr, type ZarrStore } from './zarrStore';

const MAX_LINKS = 8;

interface NodeMetadata {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly array?: { shape: number[]; chunk: number[]; dataType: string; filters: string[] };
}

/** Where the values of an array lie, if not in chunks of the hierarchy. */
export interface ArrayLink {
  readonly url: string;
  /** Path of the array in the file at the address. */
  readonly name: string;
}

/**
 * What is damaged is left out, or refused when it is read.
 * @param openLink for arrays of so many chunks that the hierarchy only says in which HDF5 file they are
 */
export function zarrTree(
  store: ZarrStore,
  openLink: (link: ArrayLink) => Promise<TreeArray>,
): TreeGroup {
  registerZarrCodecs();
  const nodes = store.version === 2 ? nodesV2(store.documents) : nodesV3(store.documents);
  const children = new Map<string, Set<string>>([['', new Set()]]);
  for (const path of nodes.keys()) {
    const parts = path.split('/').filter(Boolean);
    parts.forEach((name, i) => {
      const parent = parts.slice(0, i).join('/');
      children.set(parent, (children.get(parent) ?? new Set()).add(name));
    });
  }
  /** @param shown the path that it was reached by, which a link makes another */
  const nodeAt = (path: string, shown: string, linkCount = 0): TreeNode | undefined => {
    const metadata = nodes.get(path);
    const link = metadata?.attributes._SOFT_LINK;
    if (isObject(link) && typeof link.path === 'string' && linkCount < MAX_LINKS) {
      return nodeAt(link.path.replace(/^\/+/, ''), shown, linkCount + 1);
    }
    if (metadata?.array) return arrayOf(store, path, shown, metadata, openLink);
    return metadata || children.has(path) ? groupAt(path, shown) : undefined;
  };
  const groupAt = (path: string, shown: string): TreeGroup => ({
    kind: 'group',
    path: `/${shown}`,
    keys: () => [...(children.get(path) ?? [])],
    get(inner) {
      const [name, ...rest] = inner.split('/');
      const node = nodeAt(joined(path, name), joined(shown, name));
      if (rest.length === 0) return node;
      return node?.kind === 'group' ? node.get(rest.join('/')) : undefined;
    },
    attribute: (name) => own(nodes.get(path)?.attributes, name),
  });
  return groupAt('', '');
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`;
}

function own(object: Readonly<Record<string, unknown>> = {}, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function nodesV2(documents: ReadonlyMap<string, unknown>): Map<string, NodeMetadata> {
  const nodes = new Map<string, NodeMetadata>();
  for (const [key, document] of documents) {
    const [, path, kind] = /^(?:(.*)\/)?(\.zgroup|\.zarray)$/.exec(key) ?? [];
    if (!kind || !isObject(document)) continue;
    const at = path ?? '';
    const attributes = documents.get(at === '' ? '.zattrs' : `${at}/.zattrs`);
    const { shape, chunks, dtype, filters, compressor } = document;
    const named = [...(Array.isArray(filters) ? filters : []), compressor].filter(isObject);
    const array = kind === '.zarray' && {
      shape: sizes(shape),
      chunk: sizes(chunks),
      dataType: typeof dtype === 'string' ? (TYPES[dtype.slice(1)] ?? dtype) : 'compound',
      filters: named.map(({ id }) => String(id)),
    };
    const node = nodeOf(attributes, array);
    if (node) nodes.set(at, node);
  }
  return nodes;
}

const TYPES: Readonly<Record<string, string>> = {
  b1: 'bool',
  i1: 'int8',
  u1: 'uint8',
  i2: 'int16',
  u2: 'uint16',
  i4: 'int32',
  u4: 'uint32',
  i8: 'int64',
  u8: 'uint64',
  f4: 'float32',
  f8: 'float64',
};

function nodesV3(documents: ReadonlyMap<string, unknown>): Map<string, NodeMetadata> {
  const nodes = new Map<string, NodeMetadata>();
  for (const [key, document] of documents) {
    const [, path] = /^(?:(.*)\/)?zarr\.json$/.exec(key) ?? [];
    if (!isObject(document)) continue;
    const { attributes, node_type, shape, chunk_grid, data_type, codecs } = document;
    const grid =
      isObject(chunk_grid) && isObject(chunk_grid.configuration) && chunk_grid.configuration;
    const named = (Array.isArray(codecs) ? codecs : []).filter(isObject);
    const array = node_type === 'array' && {
      shape: sizes(shape),
      chunk: sizes(grid ? grid.chunk_shape : undefined),
      dataType: String(data_type),
      filters: named.map(({ name }) => String(name)).filter((name) => name !== 'bytes'),
    };
    const node = nodeOf(attributes, array);
    if (node) nodes.set(path ?? '', node);
  }
  return nodes;
}

/** Undefined for an array whose sizes make no sense. */
function nodeOf(
  attributes: unknown,
  array: { shape?: number[]; chunk?: number[]; dataType: string; filters: string[] } | false,
): NodeMetadata | undefined {
  const known = isObject(attributes) ? attributes : {};
  if (!array) return { attributes: known };
  const { shape, chunk } = array;
  const fits = shape && chunk && shape.length === chunk.length && chunk.every((size) => size > 0);
  return fits ? { attributes: known, array: { ...array, shape, chunk } } : undefined;
}

function sizes(value: unknown): number[] | undefined {
  const isList =
    Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
  return isList ? value : undefined;
}

function arrayOf(
  store: ZarrStore,
  path: string,
  shown: string,
  { attributes, array }: NodeMetadata,
  openLink: (link: ArrayLink) => Promise<TreeArray>,
): TreeArray {
  const { shape = [], chunk = [], dataType = '', filters = [] } = array ?? {};
  const stated = own(attributes, '_EXTERNAL_ARRAY_LINK');
  const link = isObject(stated) && { url: String(stated.url), name: String(stated.name) };
  let linked: Promise<TreeArray> | undefined;
  let opened: Promise<Chunked> | undefined;
  const values = async (ranges?: readonly TreeRange[]) => {
    if (link) {
      linked ??= openLink(link);
      return (await linked).read(ranges);
    }
    try {
      opened ??= openArray(store, path, dataType);
      return await readChunked(await opened, path, ranges);
    } catch (error) {
      throw explainZarr(error, `whole chunks of /${path}`);
    }
  };
  return {
    kind: 'array',
    path: `/${shown}`,
    shape,
    isWhole: /^u?int\d+$/.test(dataType),
    chunk,
    filters,
    attribute: (name) => own(attributes, name),
    async read(ranges) {
      const found: ArrayLike<unknown> = await values(ranges);
      return found instanceof Float64Array ? found : Float64Array.from(found, Number);
    },
    texts: async () => Array.from<unknown, string>(await values(), String),
  };
}

async function openArray(store: ZarrStore, path: string, dataType: string): Promise<Chunked> {
  const readable = {
    async get(key: string): Promise<Uint8Array | undefined> {
      const document = store.documents.get(key.slice(1));
      if (document === undefined) return store.chunk(key.slice(1));
      return new TextEncoder().encode(JSON.stringify(document));
    },
  };
  const location = new Location(readable, path === '' ? '/' : `/${path}`);
  const openVersion = store.version === 2 ? open.v2 : open.v3;
  const array = await openVersion(location, { kind: 'array' });
  return {
    shape: array.shape,
    chunkShape: array.chunks,
    itemBytes: itemBytes(dataType),
    getChunk: (at) => array.getChunk(at) as ReturnType<Chunked['getChunk']>,
  };
}
