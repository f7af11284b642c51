/** Zarr folders by their gathered metadata, and JSON references into an HDF5 file (LINDI, kerchunk). */
import { type FileSource, type OpenFile, stem } from './fileFormat';
import { type OpenHdf5, openHdf5 } from './hdf5';
import { hdf5Group } from './hdf5Tree';
import { isObject } from './jsonObject';
import { matSeries } from './matSeries';
import { type MatValue, squeezed } from './matValue';
import { describeNwb, isNwb } from './nwb';
import { openRecording } from './recording';
import { isArray, type TreeArray, type TreeGroup, type TreeNode } from './tree';
import { explainZarr, folderStore, referenceStore, type ZarrStore } from './zarrStore';
import { type ArrayLink, zarrTree } from './zarrTree';

const MAX_JSON_BYTES = 2 ** 28;
const MAX_WHOLE_VALUES = 2 ** 27;

/**
 * @param companions files chosen together with it, into which references may point
 * @returns undefined when the JSON is none of these
 * @throws one sentence when it is, but damaged
 */
export async function openZarr(
  source: FileSource,
  companions: readonly FileSource[],
): Promise<OpenFile | undefined> {
  const store = storeOf(await readJson(source), source, companions);
  if (!store) return undefined;
  const name = nameOf(source);
  const explain = (error: unknown) =>
    explainZarr(error, `a whole Zarr hierarchy in "${source.name}"`);
  const linkedFiles = new LinkedFiles((url) => openReferenced(url, source, companions));
  const close = () => linkedFiles.close();
  try {
    const root = zarrTree(store, (link) => linkedFiles.array(link));
    if (isNwb(root)) return await describeNwb(source.name, root, { name, explain, close });
    const variables = new Map(root.keys().map((key) => [key, matValueOf(root.get(key))]));
    const found = await matSeries(variables, source.name);
    return openRecording({ format: 'zarr', fileName: source.name, name, ...found, explain, close });
  } catch (error) {
    close();
    throw explain(error);
  }
}

/** HDF5 files that hold what has too many chunks to be referred to one by one. */
class LinkedFiles {
  readonly #open: (url: string) => Promise<FileSource>;
  readonly #files = new Map<string, Promise<OpenHdf5>>();

  constructor(open: (url: string) => Promise<FileSource>) {
    this.#open = open;
  }

  async array({ url, name }: ArrayLink): Promise<TreeArray> {
    const opening = this.#files.get(url) ?? this.#open(url).then(openHdf5);
    this.#files.set(url, opening);
    const node = hdf5Group((await opening).root).get(name.replace(/^\/+/, ''));
    if (isArray(node)) return node;
    throw new Error(
      `[zarr] expected the array ${name} in ${url}, got none: the reference is out of date, make it again`,
    );
  }

  close(): void {
    for (const opening of this.#files.values())
      opening.then((file) => file.close()).catch(() => {});
  }
}

async function readJson(source: FileSource): Promise<unknown> {
  if (source.byteLength > MAX_JSON_BYTES) return undefined;
  const text = new TextDecoder().decode(await source.slice(0, source.byteLength));
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(
      `[zarr] expected whole JSON in "${source.name}", got text that is cut short or damaged: copy or make it again`,
    );
  }
}

function storeOf(
  json: unknown,
  source: FileSource,
  companions: readonly FileSource[],
): ZarrStore | undefined {
  if (!isObject(json)) return undefined;
  if (isObject(json.refs)) {
    return referenceStore(json, (address) => openReferenced(address, source, companions));
  }
  const { beside = async () => undefined } = source;
  if (isObject(json.metadata) && json.zarr_consolidated_format !== undefined) {
    return folderStore(2, new Map(Object.entries(json.metadata)), beside);
  }
  if (json.zarr_format === 2 && json.shape !== undefined) {
    return folderStore(2, new Map([['.zarray', json]]), beside);
  }
  if (json.zarr_format !== 3) return undefined;
  const gathered = isObject(json.consolidated_metadata) && json.consolidated_metadata.metadata;
  const inner = Object.entries(isObject(gathered) ? gathered : {});
  const documents = inner.map(([path, value]): [string, unknown] => [`${path}/zarr.json`, value]);
  return folderStore(3, new Map([...documents, ['zarr.json', json]]), beside);
}

/** A file chosen with the references comes before the one at their address. */
async function openReferenced(
  address: string,
  { name, beside, openAddress }: FileSource,
  companions: readonly FileSource[],
): Promise<FileSource> {
  const fileName = address.replace(/[?#].*$/, '').replace(/^.*\//, '');
  const companion = companions.find((one) => one.name === fileName);
  if (companion) return companion;
  const isAbsolute = /^https?:\/\//i.test(address);
  const found = isAbsolute ? await openAddress?.(address) : await beside?.(address);
  if (found) return found;
  throw new Error(
    `[zarr] expected the file "${address}" that "${name}" refers to, got the references alone: choose both together`,
  );
}

/** Of the folder where the file is only its table of contents. */
function nameOf({ name, url, path }: FileSource): string {
  const isEntry = /^(\.zmetadata|\.zarray|zarr\.json)$/.test(name);
  const folder = (url ?? path ?? '')
    .replace(/[?#].*$/, '')
    .split('/')
    .at(-2);
  const shown = isEntry && folder ? folder : name;
  return stem(shown.replace(/(\.lindi)?\.(json|zarr)$/, '')) || stem(name);
}

/** Groups as structures and arrays as variables, for files without a schema. */
function matValueOf(node: TreeNode | undefined): MatValue {
  if (node?.kind === 'group') return structOf(node);
  return node ? numericOf(node) : { kind: 'other', what: 'a damaged array' };
}

function structOf(group: TreeGroup): MatValue {
  return {
    kind: 'struct',
    dims: [1, 1],
    fields: group.keys(),
    get: (_, field) => matValueOf(group.get(field)),
  };
}

function numericOf(array: TreeArray): MatValue {
  const { shape, chunk, filters, path } = array;
  const dims = squeezed(shape);
  const axes = shape.map((_, axis) => axis).filter((axis) => shape[axis] !== 1);
  const count = shape.reduce((product, size) => product * size, 1);
  const whole = async () => {
    if (count <= MAX_WHOLE_VALUES) return array.read();
    throw new Error(
      `[zarr] expected at most ${MAX_WHOLE_VALUES} values in ${path}, got ${count}: choose a smaller array as time stamps`,
    );
  };
  const isSeries = dims.length === 1 || dims.length === 2;
  return {
    kind: 'numeric',
    dims: shape,
    values: whole,
    array: isSeries
      ? {
          dims,
          ...(chunk && { chunk: axes.map((axis) => chunk[axis]) }),
          ...(filters.length > 0 && { compression: filters.join(' + ') }),
          async read(timeAxis, start, end) {
            const time = axes[timeAxis];
            const raw = await array.read(
              shape.map((size, axis) => (axis === time ? [start, end] : [0, size])),
            );
            if (dims.length === 1 || timeAxis === 0) return raw;
            const samples = end - start;
            return Float64Array.from(
              raw,
              (_, i) => raw[(i % dims[0]) * samples + Math.floor(i / dims[0])],
            );
          },
        }
      : undefined,
  };
}
