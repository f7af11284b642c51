// The plane of the path shows all that is true and the bulk of what is decoded, and never shrinks.
import { describe, expect, it } from 'vitest';
import { growingPlane } from './scales';

const f64 = (...values: number[]) => Float64Array.from(values);
const wild = Float64Array.from({ length: 200 }, (_, i) => (i === 7 ? 1e6 : (i % 11) - 5));

describe('growingPlane', () => {
  it.each([
    ['nothing yet', [f64(), f64()], [f64(), f64()], [0, 0], 1],
    ['true alone', [f64(0, 10), f64(4, 6)], [f64(NaN), f64(NaN)], [5, 5], 5.4],
    ['decoded beyond', [f64(-1, 1), f64(-1, 1)], [f64(-3, 3), f64(0, 0)], [0, 0], 3.24],
    ['one wild frame', [f64(-1, 1), f64(-1, 1)], [wild, wild], [0, 0], 5.4],
  ])('%s', (_, truth, decoded, centre, reach) => {
    const range = growingPlane()(truth, decoded);
    expect(range.centre).toEqual(centre);
    expect(range.reach).toBeCloseTo(reach, 9);
  });

  it('keeps what it has shown', () => {
    const growing = growingPlane();
    const before = growing([f64(-4, 4), f64(-4, 4)], [f64(), f64()]);
    expect(growing([f64(0, 1), f64(0, 1)], [f64(), f64()])).toEqual(before);
  });
});
