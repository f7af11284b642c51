/** Blocks of a remote file: reads are served from whole blocks, the least recently used are dropped first. */

/** Blocks `[first, last)`. */
export interface BlockRun {
  readonly first: number;
  readonly last: number;
}

export const BLOCK_BYTES = 2 ** 18;
const CACHE_BYTES = 2 ** 25;
/** Longer runs are asked for in parts, so that progress shows and a broken connection costs little. */
const MAX_RUN_BLOCKS = 2 ** 21 / BLOCK_BYTES;

export class BlockCache {
  readonly #byteLength: number;
  readonly #blocks = new Map<number, Uint8Array>();

  constructor(byteLength: number) {
    this.#byteLength = byteLength;
  }

  /** Runs of blocks that bytes `[start, end)` need and that are not held. */
  missing(start: number, end: number): BlockRun[] {
    const runs: { first: number; last: number }[] = [];
    for (let block = Math.floor(start / BLOCK_BYTES); block * BLOCK_BYTES < end; block++) {
      if (this.#blocks.has(block)) continue;
      const run = runs[runs.length - 1];
      if (run?.last === block && block - run.first < MAX_RUN_BLOCKS) run.last += 1;
      else runs.push({ first: block, last: block + 1 });
    }
    return runs;
  }

  /** Bytes of a run. */
  rangeOf({ first, last }: BlockRun): readonly [start: number, end: number] {
    return [first * BLOCK_BYTES, Math.min(last * BLOCK_BYTES, this.#byteLength)];
  }

  /** Keeps the blocks of a run whose bytes have come. */
  add({ first, last }: BlockRun, bytes: Uint8Array): void {
    for (let block = first; block < last; block++) {
      const at = (block - first) * BLOCK_BYTES;
      this.#blocks.set(block, bytes.slice(at, at + BLOCK_BYTES));
    }
  }

  /** Bytes `[start, end)`, all of whose blocks are held. */
  copy(start: number, end: number): Uint8Array {
    const out = new Uint8Array(end - start);
    for (let block = Math.floor(start / BLOCK_BYTES); block * BLOCK_BYTES < end; block++) {
      const bytes = this.#blocks.get(block) as Uint8Array;
      // Moved to the end: used last.
      this.#blocks.delete(block);
      this.#blocks.set(block, bytes);
      const from = Math.max(start, block * BLOCK_BYTES);
      const to = Math.min(end, (block + 1) * BLOCK_BYTES);
      out.set(bytes.subarray(from - block * BLOCK_BYTES, to - block * BLOCK_BYTES), from - start);
    }
    return out;
  }

  /** Drops what was used longest ago, after a read. */
  trim(): void {
    for (const block of this.#blocks.keys()) {
      if (this.#blocks.size * BLOCK_BYTES <= CACHE_BYTES) return;
      this.#blocks.delete(block);
    }
  }
}
