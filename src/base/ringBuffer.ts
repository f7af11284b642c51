/** The last rows of a table that only grows; every column can be read as one contiguous view. */

export class RingBuffer {
  readonly width: number;
  readonly capacity: number;
  // Every value is stored twice, `capacity` apart, so that no window ever wraps around.
  readonly #columns: Float64Array[];
  #pushed = 0;

  /** @throws when width or capacity is not a positive integer */
  constructor(width: number, capacity: number) {
    if (!Number.isInteger(width) || width < 1 || !Number.isInteger(capacity) || capacity < 1) {
      throw new Error(
        `[ringBuffer] expected width and capacity of at least 1, got ${width} and ${capacity}`,
      );
    }
    this.width = width;
    this.capacity = capacity;
    this.#columns = Array.from({ length: width }, () => new Float64Array(2 * capacity));
  }

  /** Rows held now, at most `capacity`. */
  get length(): number {
    return Math.min(this.#pushed, this.capacity);
  }

  /** Rows ever pushed since the last clear. */
  get pushed(): number {
    return this.#pushed;
  }

  /** Appends `[column]`; the oldest row is dropped when full. */
  push(row: ArrayLike<number>): void {
    if (row.length !== this.width) {
      throw new Error(`[ringBuffer] expected a row of ${this.width} values, got ${row.length}`);
    }
    const slot = this.#pushed % this.capacity;
    for (let c = 0; c < this.width; c++) {
      this.#columns[c][slot] = row[c];
      this.#columns[c][slot + this.capacity] = row[c];
    }
    this.#pushed += 1;
  }

  /** The column from oldest to newest; valid until the next push. */
  column(index: number): Float64Array {
    const start = this.#pushed <= this.capacity ? 0 : this.#pushed % this.capacity;
    return this.#columns[index].subarray(start, start + this.length);
  }

  clear(): void {
    this.#pushed = 0;
  }
}
