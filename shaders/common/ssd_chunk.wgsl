// What the chunked SSD kernels share: sizes, frame order, decay sums and the 4 x 4 register tiles.
// T frames, H heads, P head_dim, N d_state, Q chunk_length; one workgroup owns one chunk of one head.

override heads: u32 = 1u;
override head_dim: u32 = 1u;
override d_state: u32 = 1u;
override chunk_length: u32 = 1u;
override reversed: u32 = 0u;
// Input term of the recurrence: 0: x B (REALM), 1: dt x B (Mamba-2).
override scale_by_dt: u32 = 0u;
// Threads of a workgroup: columns and rows of the output tile in units of 4, at most 16 each.
override threads_x: u32 = 1u;
override threads_y: u32 = 1u;

const TILE = 64u;
// vec4s per slab row; 17 keeps the transposing stores off one memory bank.
const STRIDE = 17u;

// Slabs of the operands, [k][column / 4]; also the room for reductions across threads.
var<workgroup> slabs: array<vec4f, SLABS * DEPTH * STRIDE>;
// Inclusive sums of dt A within the chunk as (coarse, fine).
var<workgroup> decay: array<vec2f, TILE>;
// Factor on the input term: 1 or dt; 0 past the last frame.
var<workgroup> kappa: array<f32, TILE>;

// Frames T. Not an override, so that one pipeline serves recordings of any length: decay_sums is [B, H, T, 3] and
// the dispatch is B H workgroups deep.
fn frame_count(groups: vec3u) -> u32 {
  return arrayLength(&decay_sums) / (3u * groups.z);
}

struct Chunk {
  frames: u32,
  batch: u32,
  head: u32,
  // First frame in the order of the recurrence, and number of frames.
  first: u32,
  length: u32,
  // Position of the first frame in arrays [B, H, T] kept in the order of the recurrence.
  row: u32,
  // Offset of the chunk's [P, N] state in [B, chunks, H, P, N].
  state: u32,
}

fn chunk_of(group: vec3u, frames: u32) -> Chunk {
  let b = group.z / heads;
  let h = group.z % heads;
  let first = group.y * chunk_length;
  let chunks = (frames + chunk_length - 1u) / chunk_length;
  let state = ((b * chunks + group.y) * heads + h) * head_dim * d_state;
  return Chunk(frames, b, h, first, min(chunk_length, frames - first), group.z * frames + first, state);
}

// Index of frame i of the chunk in arrays [B, T, ...].
fn frame_index(chunk: Chunk, i: u32) -> u32 {
  let t = chunk.first + i;
  return chunk.batch * chunk.frames + select(t, chunk.frames - 1u - t, reversed == 1u);
}

// Frames from one frame to the next in the order of the recurrence; -1 wraps as it should.
fn frame_step() -> u32 {
  return select(1u, 0xffffffffu, reversed == 1u);
}

// v with 0 where the index first, first + 1, ... reaches the limit.
fn masked(v: vec4f, first: u32, limit: u32) -> vec4f {
  return select(vec4f(), v, vec4u(first, first + 1u, first + 2u, first + 3u) < vec4u(limit));
}

// dt A split so that coarse sums are exact: multiples of 2^-10 below 2^14. Large sums would otherwise swallow the
// small decays that decide the result. Below -128 exp is 0 in f32, so the clamp changes nothing.
fn split_decay(a: f32) -> vec2f {
  let clamped = max(a, -128.0);
  let coarse = floor(clamped * 1024.0) * (1.0 / 1024.0);
  return vec2f(coarse, clamped - coarse);
}

// exp of a decay sum or of a difference of two; never above 1.
fn decay_factor(sum: vec2f) -> f32 {
  return exp(min(sum.x + sum.y, 0.0));
}

// decay and kappa of the chunk, from sums that the first kernel stored as [B, H, T, 3].
fn keep_decay(i: u32, length: u32, sums: vec3f) {
  decay[i] = sums.xy;
  kappa[i] = select(0.0, sums.z, i < length);
}

// A loop bound as a value that compilers do not know: unrolled, these loops take software adapters seconds to compile.
fn bound(chunk: Chunk, value: u32) -> u32 {
  return value * min(chunk.length, 1u);
}

fn outer(acc: mat4x4f, rows: vec4f, columns: vec4f) -> mat4x4f {
  return mat4x4f(
    acc[0] + rows.x * columns,
    acc[1] + rows.y * columns,
    acc[2] + rows.z * columns,
    acc[3] + rows.w * columns,
  );
}

fn slab_at(slab: u32, k: u32, column: u32) -> u32 {
  return (slab * DEPTH + k) * STRIDE + column;
}

// acc + slab_a^T slab_b for this thread's tile.
fn multiply_slabs(acc: mat4x4f, slab_a: u32, slab_b: u32, depth: u32, thread: vec2u) -> mat4x4f {
  var result = acc;
  for (var k = 0u; k < depth; k++) {
    result = outer(result, slabs[slab_at(slab_a, k, thread.y)], slabs[slab_at(slab_b, k, thread.x)]);
  }
  return result;
}

fn scale_rows(tile: mat4x4f, factor: vec4f) -> mat4x4f {
  return mat4x4f(factor.x * tile[0], factor.y * tile[1], factor.z * tile[2], factor.w * tile[3]);
}

// exp of the decay from columns j..j+3 to row i, times kappa; 0 where the column is later than the row.
fn decay_row(i: u32, j: u32) -> vec4f {
  let sums = decay[i];
  let d0 = sums - decay[j];
  let d1 = sums - decay[j + 1u];
  let d2 = sums - decay[j + 2u];
  let d3 = sums - decay[j + 3u];
  let exponent = min(vec4f(d0.x + d0.y, d1.x + d1.y, d2.x + d2.y, d3.x + d3.y), vec4f());
  let weight = exp(exponent) * vec4f(kappa[j], kappa[j + 1u], kappa[j + 2u], kappa[j + 3u]);
  return select(vec4f(), weight, vec4u(j, j + 1u, j + 2u, j + 3u) <= vec4u(i));
}
