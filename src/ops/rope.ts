// Angles of the rotary position embedding (RoPE), computed in float64: sin and cos in WGSL are inexact on some adapters.

const BASE = 10000;

/**
 * Cosines, then sines, of the N/2 angles of each frame: position * 10000^(-2i/N), rounded to f32 once.
 * @param dState N, even
 * @param start position of frame 0, for a decoder that has seen frames before
 * @param reverse the last frame has position `start`, as on a time-flipped sequence
 * @returns [frames, N] row-major
 */
export function ropeTable(
  frames: number,
  dState: number,
  { start = 0, reverse = false }: { start?: number; reverse?: boolean } = {},
): Float32Array {
  if (dState % 2 !== 0) throw new Error(`[ropeTable] expected an even state size, got ${dState}`);
  const half = dState / 2;
  const table = new Float32Array(frames * dState);
  for (let frame = 0; frame < frames; frame++) {
    const position = start + (reverse ? frames - 1 - frame : frame);
    for (let i = 0; i < half; i++) {
      const angle = position * BASE ** (-i / half);
      table[frame * dState + i] = Math.cos(angle);
      table[frame * dState + half + i] = Math.sin(angle);
    }
  }
  return table;
}
