/** Mappings that a person confirmed, kept for the next file of the same shape. */
import type { Mapping } from '../data/mapping';
import { forOtherRecordings } from '../data/mappingClocks';
import { type FileShape, isSameShape } from '../data/sameShape';
import type { RememberedMapping } from './recordingsApi';
import type { Folder } from './storage';

const FILE = 'mappings.json';
const MOST_KEPT = 50;

interface Kept extends RememberedMapping {
  readonly shape: FileShape;
}

export class MappingShelf {
  readonly #folder: Folder;
  /** Newest first. */
  #kept: readonly Kept[] = [];

  constructor(folder: Folder) {
    this.#folder = folder;
  }

  /** What cannot be read is forgotten: it saves a person some clicks, no more. */
  async restore(): Promise<void> {
    const bytes = await this.#folder.read(FILE);
    if (!bytes) return;
    try {
      this.#kept = JSON.parse(new TextDecoder().decode(bytes)) as Kept[];
    } catch {
      this.#kept = [];
    }
  }

  /** The newest mapping of a file of this shape, unless it is what is proposed anyway. */
  find(file: FileShape, proposal: Mapping): RememberedMapping | undefined {
    const found = this.#kept.find(({ shape, mapping }) => isSameShape(shape, file, mapping));
    if (!found) return undefined;
    const mapping = located(found, file);
    return isEqual(mapping, forOtherRecordings(proposal))
      ? undefined
      : { mapping, from: found.from };
  }

  async remember({ format, series }: FileShape, mapping: Mapping, from: string): Promise<void> {
    const shape: FileShape = {
      format,
      series: series.map(({ path, name, columns }) => ({ path, name, columns })),
    };
    const others = this.#kept.filter((kept) => !isSameShape(kept.shape, shape, kept.mapping));
    const kept = { shape, mapping: forOtherRecordings(mapping), from };
    this.#kept = [kept, ...others].slice(0, MOST_KEPT);
    await this.#folder.write(FILE, new TextEncoder().encode(JSON.stringify(this.#kept)));
  }
}

/** With the paths of this file. */
function located({ shape, mapping }: Kept, { series }: FileShape): Mapping {
  const moved = <T extends { readonly path: string }>(one: T): T => {
    if (series.some(({ path }) => path === one.path)) return one;
    const name = shape.series.find(({ path }) => path === one.path)?.name;
    return { ...one, path: series.find((there) => there.name === name)?.path ?? one.path };
  };
  return { ...mapping, lfp: moved(mapping.lfp), behaviour: mapping.behaviour.map(moved) };
}

/** Whatever the order of the keys; what is undefined is absent. */
function isEqual(a: Mapping, b: Mapping): boolean {
  const textOf = ({ lfp, behaviour }: Mapping) =>
    JSON.stringify([lfp, ...behaviour].map((one) => Object.entries(one).sort()));
  return textOf(JSON.parse(JSON.stringify(a))) === textOf(JSON.parse(JSON.stringify(b)));
}
