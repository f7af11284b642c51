// The memory that the processor's kernels see: vectors and packed matrices are reserved first, then all opened at once.

/** Rows of a matrix that are multiplied together. */
export const ROW_BLOCK = 16;

/** Floats that one instruction takes: rows of the SSM state are padded to a multiple of it. */
export const LANES = 4;

const PAGE_BYTES = 65536;
const FLOAT_BYTES = 4;
/** A cache line, and more than the kernels' 16. */
const ALIGNMENT_BYTES = 64;

/** Zero-filled floats; `values` exists once the memory is open. */
export class CpuVector {
  readonly address: number;
  readonly elements: number;
  values!: Float32Array;

  constructor(address: number, elements: number) {
    this.address = address;
    this.elements = elements;
  }
}

/** A matrix in blocks of ROW_BLOCK rows, column after column in a block; the rows of the last block end in zeros. */
export class CpuMatrix extends CpuVector {
  readonly blocks: number;
  readonly columns: number;

  constructor(address: number, blocks: number, columns: number) {
    super(address, blocks * ROW_BLOCK * columns);
    this.blocks = blocks;
    this.columns = columns;
  }

  /** @param rows row-major [rows, columns] */
  pack(rows: Float32Array): void {
    for (let i = 0; i < rows.length; i++) {
      const column = i % this.columns;
      const row = (i - column) / this.columns;
      const inBlock = row % ROW_BLOCK;
      this.values[(row - inBlock) * this.columns + column * ROW_BLOCK + inBlock] = rows[i];
    }
  }
}

export class CpuMemory {
  #vectors: CpuVector[] = [];
  #matrices: { matrix: CpuMatrix; rows: Float32Array }[] = [];
  #memory: WebAssembly.Memory | undefined;
  #bytes = 0;

  /** @throws Error before `open` */
  get memory(): WebAssembly.Memory {
    if (!this.#memory) throw new Error('[cpuMemory] expected to be open, got a use before open()');
    return this.#memory;
  }

  vector(elements: number): CpuVector {
    return this.#place(new CpuVector(this.#bytes, elements));
  }

  /** A vector that a product of this many rows can write to. */
  rows(count: number): CpuVector {
    return this.vector(Math.ceil(count / ROW_BLOCK) * ROW_BLOCK);
  }

  /**
   * A matrix that is packed on opening.
   * @param rows row-major [rows, columns]
   */
  matrix(rows: Float32Array, columns: number): CpuMatrix {
    const blocks = Math.ceil(rows.length / columns / ROW_BLOCK);
    const matrix = this.#place(new CpuMatrix(this.#bytes, blocks, columns));
    this.#matrices.push({ matrix, rows });
    return matrix;
  }

  /** Makes the values of all that was reserved. */
  open(): void {
    this.#memory = new WebAssembly.Memory({ initial: Math.ceil(this.#bytes / PAGE_BYTES) });
    for (const vector of this.#vectors) {
      vector.values = new Float32Array(this.#memory.buffer, vector.address, vector.elements);
    }
    for (const { matrix, rows } of this.#matrices) matrix.pack(rows);
    this.#vectors = [];
    this.#matrices = [];
  }

  #place<V extends CpuVector>(vector: V): V {
    this.#vectors.push(vector);
    const end = this.#bytes + vector.elements * FLOAT_BYTES;
    this.#bytes = Math.ceil(end / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    return vector;
  }
}
