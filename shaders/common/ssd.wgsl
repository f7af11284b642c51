// What the kernels of the SSD layer share: sizes, chunks of Q frames in the order of the recurrence, and decays.

const Q = 32u;
// Tiles of four frames in a chunk; all kernels work on 4 x 4 numbers per invocation.
const TILES = 8u;
const CAUSAL_TILES = 36u;

// Sizes as uniforms, not overrides: layers and directions share one pipeline per entry point.
struct Layer {
  frames: u32,
  heads: u32,
  // In vec4s: P / 4 and N / 4.
  head_dim: u32,
  d_state: u32,
  // 1: frames run from T-1 down to 0, in the second direction of two the other way.
  reversed: u32,
  // Of one direction: those after them are the second direction, with its own A and D.
  batch_entries: u32,
  // Input term of the recurrence: 0: x B (REALM), 1: dt x B (Mamba-2).
  scale_by_dt: u32,
  // 1: the gradient's direction: from the last chunk to the first, a frame sees the frames after it.
  backward: u32,
  // 1: the states begin with `boundary` instead of zero.
  has_boundary: u32,
}

@group(0) @binding(0) var<uniform> layer: Layer;

struct Chunk {
  // Index of the batch entry's frame 0 in [B, T].
  origin: u32,
  first: u32,
  length: u32,
  // Of a_log and d [directions, H]: head 0 of the chunk's direction.
  parameters: u32,
  reversed: bool,
}

fn chunk_count() -> u32 {
  return (layer.frames + Q - 1u) / Q;
}

// `index` in [B, chunks].
fn chunk_of(index: u32) -> Chunk {
  let first = index % chunk_count() * Q;
  let batch = index / chunk_count();
  let direction = batch / layer.batch_entries;
  return Chunk(
    batch * layer.frames,
    first,
    min(Q, layer.frames - first),
    direction * layer.heads,
    direction != layer.reversed,
  );
}

// Index in [B, T] of frame i of the chunk; past the end the last frame, whose result is not used.
fn frame(chunk: Chunk, i: u32) -> u32 {
  let t = chunk.first + min(i, chunk.length - 1u);
  return chunk.origin + select(t, layer.frames - 1u - t, chunk.reversed);
}

fn frames4(chunk: Chunk, i: u32) -> vec4u {
  return vec4u(frame(chunk, i), frame(chunk, i + 1u), frame(chunk, i + 2u), frame(chunk, i + 3u));
}

// Frame tiles (i, j) with j <= i, without gaps: the pairs of rows r and 7 - r hold nine each.
fn causal_tile(index: u32) -> vec2u {
  let row = index / 9u;
  let column = index % 9u;
  return select(vec2u(7u - row, column - row - 1u), vec2u(row, column), column <= row);
}

// exp of a sum of decays; they are never positive.
fn decay4(sums: vec4f) -> vec4f {
  return exp(min(sums, vec4f()));
}

fn dt_of(chunk: Chunk, head: u32, i: u32) -> f32 {
  return dt[frame(chunk, i) * layer.heads + head];
}

// exp(s_i - s_j) for the frames i (rows) and j (columns) of a tile with j <= i; 0 where i < j or past the end. Each is
// the exp of its own sum, because a difference of long sums would lose the small decays that decide the result.
fn decay_tile(chunk: Chunk, head: u32, tile: vec2u) -> mat4x4f {
  let rate = -exp(a_log[chunk.parameters + head]);
  let i = 4u * tile.x;
  let j = 4u * tile.y;
  let one = dt_of(chunk, head, i + 1u);
  let two = dt_of(chunk, head, i + 2u);
  let three = dt_of(chunk, head, i + 3u);
  let rows = vec4f(0.0, one, one + two, one + two + three);
  let exists = vec4u(i, i + 1u, i + 2u, i + 3u) < vec4u(chunk.length);
  if (i == j) {
    return mat4x4f(
      select(vec4f(), decay4(rate * rows), exists),
      select(vec4f(), decay4(rate * vec4f(0.0, 0.0, two, two + three)), exists & vec4<bool>(false, true, true, true)),
      select(vec4f(), decay4(rate * vec4f(0.0, 0.0, 0.0, three)), exists & vec4<bool>(false, false, true, true)),
      vec4f(0.0, 0.0, 0.0, select(0.0, 1.0, exists.w)),
    );
  }
  var sums = rows;
  for (var k = j + 4u; k <= i; k++) { sums += dt_of(chunk, head, k); }
  let third = dt_of(chunk, head, j + 3u);
  let second = dt_of(chunk, head, j + 2u) + third;
  let first = dt_of(chunk, head, j + 1u) + second;
  return mat4x4f(
    select(vec4f(), decay4(rate * (sums + first)), exists),
    select(vec4f(), decay4(rate * (sums + second)), exists),
    select(vec4f(), decay4(rate * (sums + third)), exists),
    select(vec4f(), decay4(rate * sums), exists),
  );
}

// The same times kappa_j.
fn weight_tile(chunk: Chunk, head: u32, tile: vec2u) -> mat4x4f {
  let decayed = decay_tile(chunk, head, tile);
  let j = 4u * tile.y;
  let dts = vec4f(
    dt_of(chunk, head, j),
    dt_of(chunk, head, j + 1u),
    dt_of(chunk, head, j + 2u),
    dt_of(chunk, head, j + 3u),
  );
  let kappas = select(vec4f(1.0), dts, layer.scale_by_dt == 1u);
  return mat4x4f(decayed[0] * kappas.x, decayed[1] * kappas.y, decayed[2] * kappas.z, decayed[3] * kappas.w);
}

fn transpose_unless(tile: mat4x4f, keeps: bool) -> mat4x4f {
  let turned = transpose(tile);
  return mat4x4f(
    select(turned[0], tile[0], keeps),
    select(turned[1], tile[1], keeps),
    select(turned[2], tile[2], keeps),
    select(turned[3], tile[3], keeps),
  );
}

// The backward pass notes for each head and chunk, in vec4s: kappa_j (G_i x_j)(C_i B_j) exp(s_i - s_j) [frame j, tile of i];
// G_i x_i [tile of i]; shares of exp(s_Q) <S, dS> [P / 4, N / 4]; shares of exp(s_i) G_i S C_i and then of
// exp(s_Q - s_j) x_j dS B_j [tile of frames, N / 4].
const DIAGONAL = Q * TILES;
const OVERLAP = DIAGONAL + TILES;

fn dots_of_states(role: u32) -> u32 {
  return OVERLAP + layer.head_dim * layer.d_state + role * TILES * layer.d_state;
}

// `index` in [B, chunks, H].
fn record_of(index: u32) -> u32 {
  return index * dots_of_states(2u);
}
