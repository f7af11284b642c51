// The rotary angles of one position, in float64: a stream has no last frame (REALM, section 1.3).

const BASE = 10000;

export interface Rotation {
  /** [N/2] */
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
  /** Sets the angles position * 10000^(-2i/N). */
  turnTo(position: number): void;
}

/** @param stateDim N, even */
export function createRotation(stateDim: number): Rotation {
  const half = stateDim / 2;
  const rates = Float64Array.from({ length: half }, (_, i) => BASE ** (-i / half));
  const cosines = new Float64Array(half);
  const sines = new Float64Array(half);
  return {
    cosines,
    sines,
    turnTo(position) {
      for (let i = 0; i < half; i++) {
        cosines[i] = Math.cos(position * rates[i]);
        sines[i] = Math.sin(position * rates[i]);
      }
    },
  };
}
