// The state-space layer in chunks of Q frames, forward and backward (Dao and Gu, 2024; REALM, section 1.3).
// B batch, T frames, H heads, P head_dim, N d_state. One workgroup owns one chunk of one head; a thread owns a tile of
// 4 x 4 numbers in registers and reads its operands from memory. The scores of a chunk stay in workgroup memory.

override threads_x: u32 = 1u;
override threads_y: u32 = 1u;

const Q = 32u;
const TILES = 8u;
const COLUMNS = 64u;
// Invocations beside each other, four columns each.
const LANES = 16u;

// Sizes as uniforms, not overrides: layers and directions share one pipeline per entry point.
struct Layer {
  heads: u32,
  head_dim: u32,
  d_state: u32,
  batches: u32,
  // 1: frames run from T-1 down to 0.
  reversed: u32,
  // Input term of the recurrence: 0: x B (REALM), 1: dt x B (Mamba-2).
  scale_by_dt: u32,
  // 1: the gradient's direction: from the last chunk to the first, a frame sees the frames after it.
  backward: u32,
  // 1: state_passing starts from `boundary` instead of zero.
  has_boundary: u32,
}

// [B, T, H, P] and, as `values`, x itself forward and its result's gradient G backward.
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> values: array<f32>;
// [B, T, 2N]: B, then C.
@group(0) @binding(2) var<storage, read> bc: array<f32>;
@group(0) @binding(3) var<storage, read> dt: array<f32>;
@group(0) @binding(4) var<storage, read> a_log: array<f32>;
@group(0) @binding(5) var<storage, read> d: array<f32>;
// State before each chunk forward, gradient by the state after each chunk backward: [B, chunks, H, P, N].
@group(0) @binding(6) var<storage, read> states: array<f32>;
@group(0) @binding(7) var<storage, read> d_states: array<f32>;
@group(0) @binding(8) var<storage, read_write> new_states: array<f32>;
// Per frame in the order of the recurrence [B, H, T]: decay sum within the chunk (coarse, fine), kappa, D.
@group(0) @binding(9) var<storage, read> sums: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> new_sums: array<vec4f>;
@group(0) @binding(11) var<storage, read> boundary: array<f32>;
@group(0) @binding(12) var<storage, read_write> new_boundary: array<f32>;
@group(0) @binding(13) var<storage, read_write> out: array<f32>;
// Per frame [2 + column tiles, B, H, T]: gradient by the decay, G x, and the gradient by kappa of each column tile.
@group(0) @binding(14) var<storage, read> dots: array<f32>;
@group(0) @binding(15) var<storage, read_write> new_dots: array<f32>;
// Gradient by B and C of each head [H, B, T, 2N].
@group(0) @binding(16) var<storage, read> heads_bc: array<f32>;
@group(0) @binding(17) var<storage, read_write> new_heads_bc: array<f32>;
@group(0) @binding(18) var<storage, read_write> ddt: array<f32>;
@group(0) @binding(19) var<storage, read_write> da_log: array<f32>;
@group(0) @binding(20) var<storage, read_write> dd: array<f32>;
@group(0) @binding(21) var<uniform> layer: Layer;

var<workgroup> chunk_sums: array<vec4f, Q>;
var<workgroup> steps: array<vec2f, Q>;
// [frame j][tile of frames i], one vec4 for frames i..i+3.
var<workgroup> scores: array<vec4f, Q * TILES>;
var<workgroup> partial: array<vec4f, TILES * LANES>;

struct Chunk {
  // Index of frame 0 of this batch entry in [B, T], and T.
  origin: u32,
  frames: u32,
  head: u32,
  first: u32,
  length: u32,
  // Index of the chunk's first frame in [B, H, T].
  row: u32,
  // Index of the chunk's state in [B, chunks, H, P, N].
  state: u32,
}

fn chunk_of(group: vec3u, frames: u32) -> Chunk {
  let batch = group.z / layer.heads;
  let head = group.z % layer.heads;
  let first = group.y * Q;
  let chunks = (frames + Q - 1u) / Q;
  let state = ((batch * chunks + group.y) * layer.heads + head) * layer.head_dim * layer.d_state;
  return Chunk(batch * frames, frames, head, first, min(Q, frames - first), group.z * frames + first, state);
}

// Compilers unroll loops whose bounds they know, and then take seconds; this bound they do not know.
fn bound(chunk: Chunk, value: u32) -> u32 {
  return value * min(chunk.length, 1u);
}

// Index in [B, T] of frame i of the chunk; past the end the last frame, whose result is not used.
fn frame(chunk: Chunk, i: u32) -> u32 {
  let t = chunk.first + min(i, chunk.length - 1u);
  return chunk.origin + select(t, chunk.frames - 1u - t, layer.reversed == 1u);
}

fn frames4(chunk: Chunk, i: u32) -> vec4u {
  return vec4u(frame(chunk, i), frame(chunk, i + 1u), frame(chunk, i + 2u), frame(chunk, i + 3u));
}

// v with 0 from column `size` on.
fn inside(v: vec4f, column: u32, size: u32) -> vec4f {
  return select(vec4f(), v, vec4u(column, column + 1u, column + 2u, column + 3u) < vec4u(size));
}

// dt A split so that coarse sums are exact (multiples of 2^-10 below 2^14): large sums would otherwise swallow the
// small decays that decide the result. Below -128 exp is 0 in f32, so the clamp changes nothing.
fn split_decay(a: f32) -> vec2f {
  let clamped = max(a, -128.0);
  let coarse = floor(clamped * 1024.0) * (1.0 / 1024.0);
  return vec2f(coarse, clamped - coarse);
}

// exp of a decay sum or of a difference of two; never above 1.
fn decay(sum: vec2f) -> f32 {
  return exp(min(sum.x + sum.y, 0.0));
}

fn load_sums(chunk: Chunk, index: u32, threads: u32) {
  for (var i = index; i < Q; i += threads) { chunk_sums[i] = sums[chunk.row + min(i, chunk.length - 1u)]; }
}

// Decay sums of the chunk, and what its own frames add to the state, as P rows of N numbers:
//   forward  Σ_j kappa_j exp(s_Q - s_j) x_j B_j^T,  backward  Σ_i exp(s_i) G_i C_i^T.
@compute @workgroup_size(threads_x, threads_y)
fn chunk_state(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let chunk = chunk_of(group, arrayLength(&dt) / groups.z);
  let threads = threads_x * threads_y;
  let a = -exp(a_log[chunk.head]);
  for (var i = index; i < Q; i += threads) {
    let dt_i = select(0.0, dt[frame(chunk, i) * layer.heads + chunk.head], i < chunk.length);
    steps[i] = split_decay(dt_i * a);
    chunk_sums[i] = vec4f(0.0, 0.0, select(1.0, dt_i, layer.scale_by_dt == 1u), d[chunk.head]);
  }
  workgroupBarrier();
  for (var i = index; i < Q; i += threads) {
    var sum = vec2f();
    for (var k = 0u; k <= i; k++) { sum += steps[k]; }
    let entry = vec4f(sum, chunk_sums[i].zw);
    chunk_sums[i] = entry;
    if (group.x == 0u && i < chunk.length) { new_sums[chunk.row + i] = entry; }
  }
  workgroupBarrier();
  let n_tiles = (layer.d_state + COLUMNS - 1u) / COLUMNS;
  let p = (group.x / n_tiles) * COLUMNS + 4u * thread.y;
  let n = (group.x % n_tiles) * COLUMNS + 4u * thread.x;
  let last = chunk_sums[chunk.length - 1u].xy;
  let column = select(n, layer.d_state + n, layer.backward == 1u);
  var r0 = vec4f();
  var r1 = vec4f();
  var r2 = vec4f();
  var r3 = vec4f();
  for (var j = 0u; j < chunk.length; j++) {
    let entry = chunk_sums[j];
    let weight = select(entry.z * decay(last - entry.xy), decay(entry.xy), layer.backward == 1u);
    let at = frame(chunk, j);
    let r = (at * layer.heads + chunk.head) * layer.head_dim + p;
    let v = at * 2u * layer.d_state + column;
    let value = weight * vec4f(bc[v], bc[v + 1u], bc[v + 2u], bc[v + 3u]);
    r0 += values[r] * value;
    r1 += values[r + 1u] * value;
    r2 += values[r + 2u] * value;
    r3 += values[r + 3u] * value;
  }
  let tile = mat4x4f(r0, r1, r2, r3);
  for (var r = 0u; r < min(4u, layer.head_dim - min(p, layer.head_dim)); r++) {
    for (var c = 0u; c < min(4u, layer.d_state - min(n, layer.d_state)); c++) {
      new_states[chunk.state + (p + r) * layer.d_state + n + c] = tile[r][c];
    }
  }
}

// Carries the state over the chunks, in place. Forward: new_states becomes the state before each chunk, new_boundary
// the final state. Backward, from the last chunk on: the gradient by the state after each chunk, and by the initial one.
@compute @workgroup_size(64)
fn state_passing(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let size = layer.head_dim * layer.d_state;
  if (id.x >= size) { return; }
  let frames = arrayLength(&sums) / groups.z;
  let chunks = (frames + Q - 1u) / Q;
  let stride = layer.heads * size;
  let batch = id.z / layer.heads;
  let at = batch * chunks * stride + (id.z % layer.heads) * size + id.x;
  var state = 0.0;
  if (layer.has_boundary == 1u) { state = boundary[id.z * size + id.x]; }
  for (var k = 0u; k < chunks; k++) {
    let c = select(k, chunks - 1u - k, layer.backward == 1u);
    let own = new_states[at + c * stride];
    new_states[at + c * stride] = state;
    let last = sums[id.z * frames + min((c + 1u) * Q, frames) - 1u];
    state = decay(last.xy) * state + own;
  }
  new_boundary[id.z * size + id.x] = state;
}

// Decay sums of frames i..i+3, coarse and fine.
struct Sums4 {
  coarse: vec4f,
  fine: vec4f,
}

fn sums4(i: u32) -> Sums4 {
  let a = chunk_sums[i];
  let b = chunk_sums[i + 1u];
  let c = chunk_sums[i + 2u];
  let e = chunk_sums[i + 3u];
  return Sums4(vec4f(a.x, b.x, c.x, e.x), vec4f(a.y, b.y, c.y, e.y));
}

// Weights of frame j for frames i..i+3: the decay between them, with kappa_j where they see the past; 0 unseen.
fn weights(own: Sums4, i: u32, j: u32) -> vec4f {
  let other = chunk_sums[j];
  let difference = (own.coarse - other.x) + (own.fine - other.y);
  let frames = vec4u(i, i + 1u, i + 2u, i + 3u);
  if (layer.backward == 1u) { return select(vec4f(), exp(min(-difference, vec4f())), frames <= vec4u(j)); }
  return select(vec4f(), exp(min(difference, vec4f())) * other.z, frames >= vec4u(j));
}

// Indices of the first number of frames i..i+3: of this head's row of [B, T, H, P], and of a row of bc.
fn heads4(chunk: Chunk, i: u32) -> vec4u {
  return (frames4(chunk, i) * layer.heads + chunk.head) * layer.head_dim;
}

fn bc4(chunk: Chunk, i: u32) -> vec4u {
  return frames4(chunk, i) * 2u * layer.d_state;
}

// out_i = Σ_j (R_i K_j) weight_ij V_j + factor_i S R_i + D V_i, forward and for the gradient by x:
//   y : R = C, K = B, V = x, state S;     dx: R = B, K = C, V = G, state dS, times kappa_i before D.
// For dx also the result before kappa times x_i: the gradient by kappa.
@compute @workgroup_size(LANES, TILES)
fn scan(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let chunk = chunk_of(group, arrayLength(&sums) / groups.z);
  let threads = LANES * TILES;
  load_sums(chunk, index, threads);
  workgroupBarrier();
  let depth = bound(chunk, layer.d_state);
  let row_offset = select(layer.d_state, 0u, layer.backward == 1u);
  for (var tile = index; tile < TILES * TILES; tile += threads) {
    let i = 4u * (tile % TILES);
    let j = 4u * (tile / TILES);
    var s0 = vec4f();
    var s1 = vec4f();
    var s2 = vec4f();
    var s3 = vec4f();
    if (select(j <= i, j >= i, layer.backward == 1u)) {
      let r = bc4(chunk, i) + row_offset;
      let q = bc4(chunk, j) + layer.d_state - row_offset;
      for (var k = 0u; k < depth; k++) {
        let row = vec4f(bc[r.x + k], bc[r.y + k], bc[r.z + k], bc[r.w + k]);
        s0 += bc[q.x + k] * row;
        s1 += bc[q.y + k] * row;
        s2 += bc[q.z + k] * row;
        s3 += bc[q.w + k] * row;
      }
    }
    let own = sums4(i);
    let products = mat4x4f(s0, s1, s2, s3);
    for (var c = 0u; c < bound(chunk, 4u); c++) {
      scores[(j + c) * TILES + i / 4u] = products[c] * weights(own, i, j + c);
    }
  }
  workgroupBarrier();

  let i = 4u * thread.y;
  let v = group.x * COLUMNS + 4u * thread.x;
  let r = bc4(chunk, i) + row_offset;
  var r0 = vec4f();
  var r1 = vec4f();
  var r2 = vec4f();
  var r3 = vec4f();
  var s = chunk.state + v * layer.d_state;
  for (var k = 0u; k < depth; k++) {
    let state = vec4f(
      states[s],
      states[s + layer.d_state],
      states[s + 2u * layer.d_state],
      states[s + 3u * layer.d_state],
    );
    s++;
    r0 += bc[r.x + k] * state;
    r1 += bc[r.y + k] * state;
    r2 += bc[r.z + k] * state;
    r3 += bc[r.w + k] * state;
  }
  let last = chunk_sums[chunk.length - 1u].xy;
  let own = sums4(i);
  let reach = select(own.coarse + own.fine, (last.x - own.coarse) + (last.y - own.fine), layer.backward == 1u);
  let factor = exp(min(reach, vec4f()));
  r0 *= factor.x;
  r1 *= factor.y;
  r2 *= factor.z;
  r3 *= factor.w;
  let first = select(0u, i, layer.backward == 1u);
  let end = select(min(i + 4u, chunk.length), chunk.length, layer.backward == 1u);
  for (var j = first; j < end; j++) {
    let score = scores[j * TILES + thread.y];
    let at = (frame(chunk, j) * layer.heads + chunk.head) * layer.head_dim + v;
    let value = vec4f(values[at], values[at + 1u], values[at + 2u], values[at + 3u]);
    r0 += score.x * value;
    r1 += score.y * value;
    r2 += score.z * value;
    r3 += score.w * value;
  }
  let result = mat4x4f(r0, r1, r2, r3);
  let own_rows = heads4(chunk, i) + v;
  var products = vec4f();
  for (var c = 0u; c < bound(chunk, 4u); c++) {
    let at = own_rows[c];
    let own_value = vec4f(values[at], values[at + 1u], values[at + 2u], values[at + 3u]);
    let partner = vec4f(x[at], x[at + 1u], x[at + 2u], x[at + 3u]);
    products[c] = dot(inside(result[c], v, layer.head_dim), partner);
    let entry = chunk_sums[i + c];
    let value = result[c] * select(1.0, entry.z, layer.backward == 1u) + entry.w * own_value;
    if (i + c < chunk.length) {
      for (var k = 0u; k < min(4u, layer.head_dim - min(v, layer.head_dim)); k++) { out[at + k] = value[k]; }
    }
  }
  if (layer.backward == 0u) { return; }
  partial[thread.y * LANES + thread.x] = products;
  workgroupBarrier();
  for (var k = index; k < chunk.length; k += threads) {
    var sum = 0.0;
    for (var t = 0u; t < LANES; t++) { sum += partial[(k / 4u) * LANES + t][k % 4u]; }
    new_dots[(2u + group.x) * chunk.frames * groups.z + chunk.row + k] = sum;
  }
}

// For dC [frame j][tile of frames i] and for dB [frame i][tile of frames j], one vec4 for the frames of a tile.
var<workgroup> bc_scores: array<vec4f, 2u * Q * TILES>;
// Scores times C_i B_j, [frame j][tile of frames i].
var<workgroup> pairs: array<vec4f, Q * TILES>;
// Of dC, then of dB: the state terms' products summed over the columns, for each tile of frames.
var<workgroup> totals: array<vec4f, 2u * TILES>;
// G_i x_i of each tile of frames.
var<workgroup> diagonal: array<vec4f, TILES>;

// Stores columns v..v+3 of dC (role 0) or dB (role 1) of frames i..i+3, of B H T rows in all. Returns each frame's
// state term times its own C or B. One function for both, because software adapters compile each copy for a second.
fn gradient_tile(chunk: Chunk, rows: u32, i: u32, v: u32, role: u32) -> vec4f {
  let r = heads4(chunk, i);
  var r0 = vec4f();
  var r1 = vec4f();
  var r2 = vec4f();
  var r3 = vec4f();
  for (var p = 0u; p < bound(chunk, layer.head_dim); p++) {
    let s = chunk.state + p * layer.d_state + v;
    var row: vec4f;
    var state: vec4f;
    if (role == 0u) {
      row = vec4f(values[r.x + p], values[r.y + p], values[r.z + p], values[r.w + p]);
      state = vec4f(states[s], states[s + 1u], states[s + 2u], states[s + 3u]);
    } else {
      row = vec4f(x[r.x + p], x[r.y + p], x[r.z + p], x[r.w + p]);
      state = vec4f(d_states[s], d_states[s + 1u], d_states[s + 2u], d_states[s + 3u]);
    }
    r0 += row.x * state;
    r1 += row.y * state;
    r2 += row.z * state;
    r3 += row.w * state;
  }
  let last = chunk_sums[chunk.length - 1u].xy;
  let own = sums4(i);
  let kappa = vec4f(chunk_sums[i].z, chunk_sums[i + 1u].z, chunk_sums[i + 2u].z, chunk_sums[i + 3u].z);
  let reach = select(own.coarse + own.fine, (last.x - own.coarse) + (last.y - own.fine), role == 1u);
  let factor = exp(min(reach, vec4f())) * select(vec4f(1.0), kappa, role == 1u);
  r0 *= factor.x;
  r1 *= factor.y;
  r2 *= factor.z;
  r3 *= factor.w;
  let own_column = select(layer.d_state, 0u, role == 1u) + v;
  // Number by number: a matrix indexed by a variable makes software adapters compile for long.
  var products = vec4f();
  let o = bc4(chunk, i) + own_column;
  for (var k = 0u; k < min(4u, layer.d_state - v); k++) {
    products += vec4f(r0[k], r1[k], r2[k], r3[k]) * vec4f(bc[o.x + k], bc[o.y + k], bc[o.z + k], bc[o.w + k]);
  }
  let first = select(0u, i, role == 1u);
  let end = select(min(i + 4u, chunk.length), chunk.length, role == 1u);
  let other_column = select(0u, layer.d_state, role == 1u) + v;
  for (var j = first; j < end; j++) {
    let at = frame(chunk, j) * 2u * layer.d_state + other_column;
    let value = vec4f(bc[at], bc[at + 1u], bc[at + 2u], bc[at + 3u]);
    let score = bc_scores[role * Q * TILES + j * TILES + i / 4u];
    r0 += score.x * value;
    r1 += score.y * value;
    r2 += score.z * value;
    r3 += score.w * value;
  }
  let tile = mat4x4f(r0, r1, r2, r3);
  for (var c = 0u; c < min(4u, chunk.length - min(i, chunk.length)); c++) {
    let row = chunk.head * (rows / layer.heads) + frame(chunk, i + c);
    let at = row * 2u * layer.d_state + own_column;
    for (var k = 0u; k < min(4u, layer.d_state - v); k++) { new_heads_bc[at + k] = tile[c][k]; }
  }
  let frames = vec4u(i, i + 1u, i + 2u, i + 3u);
  return select(vec4f(), products, frames < vec4u(chunk.length));
}

// Gradients by B, C and the decays of one head, and the products G_i x_i that the gradient by D sums:
//   dC_i = Σ_{j<=i} w_ij B_j + c_i,  c_i = exp(s_i) G_i S,     w_ij = (G_i x_j) kappa_j exp(s_i - s_j)
//   dB_j = Σ_{i>=j} w_ij C_i + b_j,  b_j = kappa_j exp(s_Q - s_j) x_j dS,
//   da_k = Σ_{i>=k, j<k} w_ij (C_i B_j) + Σ_{i>=k} c_i C_i + Σ_{j<k} b_j B_j + exp(s_Q) <S, dS>.
@compute @workgroup_size(LANES, TILES)
fn gradient_bc(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let chunk = chunk_of(group, arrayLength(&sums) / groups.z);
  let rows = chunk.frames * groups.z;
  let threads = LANES * TILES;
  load_sums(chunk, index, threads);
  workgroupBarrier();
  for (var tile = index; tile < TILES * TILES; tile += threads) {
    let i = 4u * (tile % TILES);
    let j = 4u * (tile / TILES);
    if (j > i) { continue; }
    let g = heads4(chunk, i);
    let q = heads4(chunk, j);
    var w0 = vec4f();
    var w1 = vec4f();
    var w2 = vec4f();
    var w3 = vec4f();
    for (var p = 0u; p < bound(chunk, layer.head_dim); p++) {
      let row = vec4f(values[g.x + p], values[g.y + p], values[g.z + p], values[g.w + p]);
      w0 += x[q.x + p] * row;
      w1 += x[q.y + p] * row;
      w2 += x[q.z + p] * row;
      w3 += x[q.w + p] * row;
    }
    if (i == j) { diagonal[i / 4u] = vec4f(w0.x, w1.y, w2.z, w3.w); }
    let c = bc4(chunk, i) + layer.d_state;
    let b = bc4(chunk, j);
    var c0 = vec4f();
    var c1 = vec4f();
    var c2 = vec4f();
    var c3 = vec4f();
    for (var n = 0u; n < bound(chunk, layer.d_state); n++) {
      let row = vec4f(bc[c.x + n], bc[c.y + n], bc[c.z + n], bc[c.w + n]);
      c0 += bc[b.x + n] * row;
      c1 += bc[b.y + n] * row;
      c2 += bc[b.z + n] * row;
      c3 += bc[b.w + n] * row;
    }
    let of_x = mat4x4f(w0, w1, w2, w3);
    let of_bc = mat4x4f(c0, c1, c2, c3);
    let own = sums4(i);
    for (var k = 0u; k < bound(chunk, 4u); k++) {
      let score = of_x[k] * weights(own, i, j + k);
      bc_scores[(j + k) * TILES + i / 4u] = score;
      for (var m = 0u; m < bound(chunk, 4u); m++) { bc_scores[(Q + i + m) * TILES + j / 4u][k] = score[m]; }
      pairs[(j + k) * TILES + i / 4u] = score * of_bc[k];
    }
  }
  workgroupBarrier();
  var c_dots = vec4f();
  var b_dots = vec4f();
  for (var v = 4u * thread.x; v < layer.d_state; v += COLUMNS) {
    for (var role = 0u; role < bound(chunk, 2u); role++) {
      let products = gradient_tile(chunk, rows, 4u * thread.y, v, role);
      if (role == 0u) { c_dots += products; } else { b_dots += products; }
    }
  }
  // Every da_k counts each frame once, with c or with b: so it also counts this once.
  var overlap = 0.0;
  for (var k = index; k < layer.head_dim * layer.d_state; k += threads) {
    overlap += states[chunk.state + k] * d_states[chunk.state + k];
  }
  overlap *= decay(chunk_sums[chunk.length - 1u].xy);
  // The scores are used up: their memory serves the sums over the columns.
  workgroupBarrier();
  let at = thread.y * LANES + thread.x;
  bc_scores[at] = c_dots + vec4f(overlap, 0.0, 0.0, 0.0);
  bc_scores[threads + at] = b_dots + vec4f(overlap, 0.0, 0.0, 0.0);
  workgroupBarrier();
  if (index < 2u * TILES) {
    var sum = vec4f();
    for (var t = index * LANES; t < (index + 1u) * LANES; t++) { sum += bc_scores[t]; }
    totals[index] = sum;
  }
  workgroupBarrier();
  for (var k = index; k < chunk.length; k += threads) {
    var sum = vec4f();
    for (var tile = 0u; tile < bound(chunk, TILES); tile++) {
      let frames = 4u * tile + vec4u(0u, 1u, 2u, 3u);
      sum += select(totals[TILES + tile], totals[tile], frames >= vec4u(k));
    }
    for (var tile = k / 4u; tile < (chunk.length + 3u) / 4u; tile++) {
      let frames = 4u * tile + vec4u(0u, 1u, 2u, 3u);
      let is_later = (frames >= vec4u(k)) & (frames < vec4u(chunk.length));
      for (var j = 0u; j < k; j++) { sum += select(vec4f(), pairs[j * TILES + tile], is_later); }
    }
    new_dots[chunk.row + k] = dot(sum, vec4f(1.0));
    new_dots[rows + chunk.row + k] = diagonal[k / 4u][k % 4u];
  }
}

// One frame without chunks, for the live decoder: one thread per number of x.
@compute @workgroup_size(64)
fn step(@builtin(global_invocation_id) id: vec3u) {
  let rows_of_batch = layer.heads * layer.head_dim;
  if (id.x >= rows_of_batch) { return; }
  let head = id.x / layer.head_dim;
  let at = id.y * rows_of_batch + id.x;
  let own = x[at];
  let dt_own = dt[id.y * layer.heads + head];
  let kept = decay(split_decay(-exp(a_log[head]) * dt_own));
  let input = own * select(1.0, dt_own, layer.scale_by_dt == 1u);
  let b = id.y * 2u * layer.d_state;
  var y = d[head] * own;
  for (var n = 0u; n < layer.d_state; n++) {
    var state = input * bc[b + n];
    if (layer.has_boundary == 1u) { state += kept * boundary[at * layer.d_state + n]; }
    new_boundary[at * layer.d_state + n] = state;
    y += state * bc[b + layer.d_state + n];
  }
  out[at] = y;
}

var<workgroup> head_sums: array<vec2f, 64>;

// The first H workgroups take a head each: ddt = A da (+ the gradient by kappa), dA_log = A Σ da dt, dD = Σ G x. The
// others add up dB and dC of all heads.
@compute @workgroup_size(64)
fn sum_gradients(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let head = group.x;
  if (head >= layer.heads) {
    let size = arrayLength(&out);
    for (var i = (head - layer.heads) * 64u + index; i < size; i += (groups.x - layer.heads) * 64u) {
      var sum = 0.0;
      for (var at = i; at < arrayLength(&heads_bc); at += size) { sum += heads_bc[at]; }
      out[i] = sum;
    }
    return;
  }
  let a = -exp(a_log[head]);
  let rows = arrayLength(&dt);
  let frames = rows / (layer.heads * layer.batches);
  var total = vec2f();
  for (var k = index; k < rows / layer.heads; k += 64u) {
    let batch = k / frames;
    let t = k % frames;
    let at = (batch * layer.heads + head) * frames + t;
    let da = dots[at];
    var value = a * da;
    if (layer.scale_by_dt == 1u) {
      for (var tile = 2u * rows + at; tile < arrayLength(&dots); tile += rows) { value += dots[tile]; }
    }
    let frame = (batch * frames + select(t, frames - 1u - t, layer.reversed == 1u)) * layer.heads + head;
    ddt[frame] = value;
    total += vec2f(da * dt[frame], dots[rows + at]);
  }
  head_sums[index] = total;
  workgroupBarrier();
  if (index == 0u) {
    for (var other = 1u; other < 64u; other++) { total += head_sums[other]; }
    da_log[head] = a * total.x;
    dd[head] = total.y;
  }
}
