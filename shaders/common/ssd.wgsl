// What the kernels of the SSD layer share: sizes, chunks of Q frames in the order of the recurrence, and decays.

const Q = 32u;
// Tiles of four frames in a chunk, and blocks of 16. An invocation works on 16 x 4 numbers, whose columns are four
// frames or four numbers of a row of x, B or C.
const TILES = 8u;
const BLOCKS = 2u;

// Sizes as uniforms, not overrides: layers and directions share one pipeline per entry point.
struct Layer {
  frames: u32,
  heads: u32,
  // In vec4s: P / 4 and N / 4.
  head_dim: u32,
  d_state: u32,
  // Of one direction: those after them are the second direction, whose frames run from T-1 down to 0, with its own A and D.
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
  // Index in [B, T] of the chunk's first frame, and from one frame to the next: 1, or in the other direction -1.
  begin: u32,
  step: u32,
  length: u32,
  // Of a_log and d [directions, H]: head 0 of the chunk's direction.
  parameters: u32,
}

fn chunk_count() -> u32 {
  return (layer.frames + Q - 1u) / Q;
}

// `index` in [B, chunks].
fn chunk_of(index: u32) -> Chunk {
  let first = index % chunk_count() * Q;
  let batch = index / chunk_count();
  let direction = batch / layer.batch_entries;
  let is_reversed = direction == 1u;
  return Chunk(
    batch * layer.frames + select(first, layer.frames - 1u - first, is_reversed),
    select(1u, 0xffffffffu, is_reversed),
    min(Q, layer.frames - first),
    direction * layer.heads,
  );
}

// Index in [B, T] of frame i of the chunk; past the end the last frame, whose result is not used.
fn frame(chunk: Chunk, i: u32) -> u32 {
  return chunk.begin + chunk.step * min(i, chunk.length - 1u);
}

fn frames4(chunk: Chunk, i: u32) -> vec4u {
  return chunk.begin + chunk.step * min(i + vec4u(0u, 1u, 2u, 3u), vec4u(chunk.length - 1u));
}

// Lanes for so many columns: those that share rows belong together.
fn padded(columns: u32) -> u32 {
  return (columns + SHARING - 1u) / SHARING * SHARING;
}

// Of the 16 frames from `first` on: the places of what has `stride` vec4s per frame.
fn places_of_frames(chunk: Chunk, first: u32, stride: u32, lane: u32) -> Places {
  return places_of_rows(
    frames4(chunk, first) * stride,
    frames4(chunk, first + 4u) * stride,
    frames4(chunk, first + 8u) * stride,
    frames4(chunk, first + 12u) * stride,
    lane,
  );
}

// What has decayed to less is 0: beside decays near 1 it would not count, and its products would be subnormal, on which a
// processor takes a hundred times as long.
const LEAST_DECAY = 1e-18;

// exp of a sum of decays; they are never positive.
fn decay4(sums: vec4f) -> vec4f {
  let decays = exp(min(sums, vec4f()));
  return select(decays, vec4f(), decays < vec4f(LEAST_DECAY));
}

fn dt_of(chunk: Chunk, head: u32, i: u32) -> f32 {
  return dt[frame(chunk, i) * layer.heads + head];
}

fn dts_of(chunk: Chunk, head: u32, i: u32) -> vec4f {
  return vec4f(
    dt_of(chunk, head, i),
    dt_of(chunk, head, i + 1u),
    dt_of(chunk, head, i + 2u),
    dt_of(chunk, head, i + 3u),
  );
}

// kappa_j exp(s_i - s_j) for the frames i (columns, four from `i` on) and j (rows, four from `j` on); 0 where i < j or past
// the end. `sums` holds Σ_{j<k<i} dt_k of each j and walks on. Each exponent is a sum of its own, because a difference of
// long sums would lose the small decays that decide the result.
fn weights_of_pairs(chunk: Chunk, head: u32, i: u32, j: u32, sums: ptr<function, vec4f>) -> mat4x4f {
  let rate = -exp(a_log[chunk.parameters + head]);
  let js = j + vec4u(0u, 1u, 2u, 3u);
  let kappas = select(vec4f(1.0), dts_of(chunk, head, j), layer.scale_by_dt == 1u);
  let dts = dts_of(chunk, head, i);
  let walked = mat4x4f(
    select(vec4f(), vec4f(dts.x), js < vec4u(i)),
    select(vec4f(), vec4f(dts.y), js < vec4u(i + 1u)),
    select(vec4f(), vec4f(dts.z), js < vec4u(i + 2u)),
    select(vec4f(), vec4f(dts.w), js < vec4u(i + 3u)),
  );
  let first = *sums + walked[0];
  let second = first + walked[1];
  let third = second + walked[2];
  *sums = third + walked[3];
  return mat4x4f(
    select(vec4f(), kappas * decay4(rate * first), (js <= vec4u(i)) & vec4<bool>(i < chunk.length)),
    select(vec4f(), kappas * decay4(rate * second), (js <= vec4u(i + 1u)) & vec4<bool>(i + 1u < chunk.length)),
    select(vec4f(), kappas * decay4(rate * third), (js <= vec4u(i + 2u)) & vec4<bool>(i + 2u < chunk.length)),
    select(vec4f(), kappas * decay4(rate * *sums), (js <= vec4u(i + 3u)) & vec4<bool>(i + 3u < chunk.length)),
  );
}

// Σ_{j<k<i} dt_k for the four frames j from `j` on.
fn dts_between(chunk: Chunk, head: u32, i: u32, j: u32) -> vec4f {
  var sums = vec4f();
  for (var k = j + 1u; k < i; k++) {
    sums += select(vec4f(), vec4f(dt_of(chunk, head, k)), j + vec4u(0u, 1u, 2u, 3u) < vec4u(k));
  }
  return sums;
}

// Of each head and chunk [B, H, chunks, 3, TILES]: the decay of each frame from the chunk's beginning, to its end, and kappa
// times that; 0 past the end.
fn decays_of_chunk(head: u32, chunk: u32) -> u32 {
  return (head * chunk_count() + chunk) * 3u * TILES;
}

// Pairs of frames of a chunk lie in both orders, of [frame j, tile of i] and of [frame i, tile of j], in vec4s.
const PAIRS = Q * TILES;

// Of the frames of a block the pairs with tile 0 of the others.
fn places_of_pairs(origin: u32, block: u32, lane: u32) -> Places {
  let row = origin + 16u * block * TILES + vec4u(0u, TILES, 2u * TILES, 3u * TILES);
  return places_of_rows(row, row + 4u * TILES, row + 8u * TILES, row + 12u * TILES, lane);
}

// The backward pass notes for each head and chunk, in vec4s: kappa_j (G_i x_j)(C_i B_j) exp(s_i - s_j) [frame j, tile of i];
// G_i x_i [tile of i]; shares of exp(s_Q) <S, dS> [P / 16, N / 4]; shares of exp(s_i) G_i S C_i and then of
// exp(s_Q - s_j) x_j dS B_j [tile of frames, N / 4].
const DIAGONAL = PAIRS;
const OVERLAP = DIAGONAL + TILES;

// Blocks of 16 numbers of a head; the last repeats rows where P is no multiple of 16.
fn row_blocks() -> u32 {
  return (layer.head_dim + 3u) / 4u;
}

fn dots_of_states(role: u32) -> u32 {
  return OVERLAP + row_blocks() * layer.d_state + role * TILES * layer.d_state;
}

// `index` in [B, chunks, H].
fn record_of(index: u32) -> u32 {
  return index * dots_of_states(2u);
}
