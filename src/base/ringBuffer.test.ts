// The ring buffer against a plain array that keeps everything.
import { describe, expect, it } from 'vitest';
import { RingBuffer } from './ringBuffer';

describe('RingBuffer', () => {
  it.each([
    { capacity: 1, rows: 3 },
    { capacity: 4, rows: 0 },
    { capacity: 4, rows: 3 },
    { capacity: 4, rows: 4 },
    { capacity: 4, rows: 5 },
    { capacity: 4, rows: 8 },
    { capacity: 7, rows: 100 },
  ])('keeps the last of $rows rows in $capacity places', ({ capacity, rows }) => {
    const ring = new RingBuffer(2, capacity);
    const all: number[][] = [];
    for (let i = 0; i < rows; i++) {
      const row = [i, 1000 - 3 * i];
      ring.push(row);
      all.push(row);
      const kept = all.slice(-capacity);
      expect([...ring.column(0)]).toEqual(kept.map(([a]) => a));
      expect([...ring.column(1)]).toEqual(kept.map(([, b]) => b));
    }
    expect(ring.length).toBe(Math.min(rows, capacity));
    expect(ring.pushed).toBe(rows);
  });

  it('is empty after a clear and starts anew', () => {
    const ring = new RingBuffer(1, 3);
    for (const value of [1, 2, 3, 4]) ring.push([value]);
    ring.clear();
    expect(ring.length).toBe(0);
    ring.push([9]);
    expect([...ring.column(0)]).toEqual([9]);
  });

  it('refuses a row of the wrong width and a size of nothing', () => {
    expect(() => new RingBuffer(2, 3).push([1])).toThrow('expected a row of 2 values, got 1');
    expect(() => new RingBuffer(0, 3)).toThrow('at least 1');
    expect(() => new RingBuffer(1, 2.5)).toThrow('at least 1');
  });
});
