// The state-space layer in chunks of Q frames, forward and backward (Dao and Gu, 2024; REALM, section 1.3).
// B batch, T frames, H heads, P head_dim, N d_state. One workgroup owns one chunk of one head; a thread owns a tile of
// 4 x 4 numbers in registers and reads its operands from memory. The scores of a chunk stay in workgroup memory.

override threads_x: u32 = 1u;
override threads_y: u32 = 1u;

const Q = 32u;
const TILES = 8u;
const COLUMNS = 64u;

// Sizes and roles as uniforms, not overrides: layers, directions and roles share one pipeline per entry point.
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
  // What scan computes, see there.
  role: u32,
  // Where an operand's row of one frame lies: frame * stride + head * head_stride + offset.
  row_stride: u32,
  row_head_stride: u32,
  row_offset: u32,
  key_stride: u32,
  key_head_stride: u32,
  key_offset: u32,
  value_stride: u32,
  value_head_stride: u32,
  value_offset: u32,
  partner_offset: u32,
  // Numbers in a row (and key), and in a value.
  row_size: u32,
  value_size: u32,
  // Strides of the state [P, N] seen as [row, value].
  state_row_stride: u32,
  state_value_stride: u32,
}

@group(0) @binding(0) var<storage, read> rows: array<f32>;
@group(0) @binding(1) var<storage, read> keys: array<f32>;
@group(0) @binding(2) var<storage, read> values: array<f32>;
@group(0) @binding(3) var<storage, read> partners: array<f32>;
@group(0) @binding(4) var<storage, read> dt: array<f32>;
@group(0) @binding(5) var<storage, read> a_log: array<f32>;
@group(0) @binding(6) var<storage, read> d: array<f32>;
// State before each chunk forward, gradient by the state after each chunk backward: [B, chunks, H, P, N].
@group(0) @binding(7) var<storage, read> states: array<f32>;
@group(0) @binding(8) var<storage, read> d_states: array<f32>;
@group(0) @binding(9) var<storage, read_write> new_states: array<f32>;
// Per frame in the order of the recurrence [B, H, T]: decay sum within the chunk (coarse, fine), kappa, D.
@group(0) @binding(10) var<storage, read> sums: array<vec4f>;
@group(0) @binding(11) var<storage, read_write> new_sums: array<vec4f>;
@group(0) @binding(12) var<storage, read> boundary: array<f32>;
@group(0) @binding(13) var<storage, read_write> new_boundary: array<f32>;
@group(0) @binding(14) var<storage, read_write> out: array<f32>;
// Products per frame [slots, column tiles, B, H, T].
@group(0) @binding(15) var<storage, read> dots: array<f32>;
@group(0) @binding(16) var<storage, read_write> new_dots: array<f32>;
@group(0) @binding(17) var<storage, read> parts: array<f32>;
@group(0) @binding(18) var<storage, read_write> da_log: array<f32>;
@group(0) @binding(19) var<storage, read_write> dd: array<f32>;
@group(0) @binding(20) var<uniform> layer: Layer;

var<workgroup> chunk_sums: array<vec4f, Q>;
var<workgroup> steps: array<vec2f, Q>;
// [frame j][tile of frames i], one vec4 for frames i..i+3.
var<workgroup> scores: array<vec4f, Q * TILES>;
var<workgroup> partial: array<vec4f, TILES * 16u>;

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

// Decay sums of the chunk, and what its own frames add to the state, from rows of size P and values of size N:
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
  let row_base = chunk.head * layer.row_head_stride + layer.row_offset + p;
  let value_base = chunk.head * layer.value_head_stride + layer.value_offset + n;
  var r0 = vec4f();
  var r1 = vec4f();
  var r2 = vec4f();
  var r3 = vec4f();
  for (var j = 0u; j < chunk.length; j++) {
    let entry = chunk_sums[j];
    let weight = select(entry.z * decay(last - entry.xy), decay(entry.xy), layer.backward == 1u);
    let at = frame(chunk, j);
    let r = at * layer.row_stride + row_base;
    let v = at * layer.value_stride + value_base;
    let value = weight * vec4f(values[v], values[v + 1u], values[v + 2u], values[v + 3u]);
    r0 += rows[r] * value;
    r1 += rows[r + 1u] * value;
    r2 += rows[r + 2u] * value;
    r3 += rows[r + 3u] * value;
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

// out_i = Σ_j (R_i K_j) weight_ij V_j + factor_i R_i S, in four roles:
//   0  y : R = C, K = B, V = x, state S;     1  dx: R = B, K = C, V = G, state dS, backward
//   2  dC: R = G, K = x, V = B, state S;     3  dB: R = x, K = G, V = C, state dS, backward
// times kappa_i where backward, plus D V_i in roles 0 and 1. Products with the partner for the gradient of the decays:
// role 1: the result before kappa times x_i; roles 2 and 3: the state term times C_i and B_i.
@compute @workgroup_size(threads_x, TILES)
fn scan(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let chunk = chunk_of(group, arrayLength(&sums) / groups.z);
  let threads = threads_x * TILES;
  load_sums(chunk, index, threads);
  workgroupBarrier();
  let depth = bound(chunk, layer.row_size);
  let row_base = chunk.head * layer.row_head_stride + layer.row_offset;
  let key_base = chunk.head * layer.key_head_stride + layer.key_offset;
  for (var tile = index; tile < TILES * TILES; tile += threads) {
    let i = 4u * (tile % TILES);
    let j = 4u * (tile / TILES);
    var s0 = vec4f();
    var s1 = vec4f();
    var s2 = vec4f();
    var s3 = vec4f();
    if (select(j <= i, j >= i, layer.backward == 1u)) {
      let r = frames4(chunk, i) * layer.row_stride + row_base;
      let q = frames4(chunk, j) * layer.key_stride + key_base;
      for (var k = 0u; k < depth; k++) {
        let row = vec4f(rows[r.x + k], rows[r.y + k], rows[r.z + k], rows[r.w + k]);
        s0 += keys[q.x + k] * row;
        s1 += keys[q.y + k] * row;
        s2 += keys[q.z + k] * row;
        s3 += keys[q.w + k] * row;
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
  let r = frames4(chunk, i) * layer.row_stride + row_base;
  let value_base = chunk.head * layer.value_head_stride + layer.value_offset + v;
  var r0 = vec4f();
  var r1 = vec4f();
  var r2 = vec4f();
  var r3 = vec4f();
  var s = chunk.state + v * layer.state_value_stride;
  for (var k = 0u; k < depth; k++) {
    let state = vec4f(
      states[s],
      states[s + layer.state_value_stride],
      states[s + 2u * layer.state_value_stride],
      states[s + 3u * layer.state_value_stride],
    );
    s += layer.state_row_stride;
    r0 += rows[r.x + k] * state;
    r1 += rows[r.y + k] * state;
    r2 += rows[r.z + k] * state;
    r3 += rows[r.w + k] * state;
  }
  let last = chunk_sums[chunk.length - 1u].xy;
  let own = sums4(i);
  let reach = select(own.coarse + own.fine, (last.x - own.coarse) + (last.y - own.fine), layer.backward == 1u);
  let factor = exp(min(reach, vec4f()));
  r0 *= factor.x;
  r1 *= factor.y;
  r2 *= factor.z;
  r3 *= factor.w;
  let state_term = mat4x4f(r0, r1, r2, r3);
  let first = select(0u, i, layer.backward == 1u);
  let end = select(min(i + 4u, chunk.length), chunk.length, layer.backward == 1u);
  for (var j = first; j < end; j++) {
    let score = scores[j * TILES + thread.y];
    let at = frame(chunk, j) * layer.value_stride + value_base;
    let value = vec4f(values[at], values[at + 1u], values[at + 2u], values[at + 3u]);
    r0 += score.x * value;
    r1 += score.y * value;
    r2 += score.z * value;
    r3 += score.w * value;
  }
  let result = mat4x4f(r0, r1, r2, r3);
  // dB and dC: each head has its own copy.
  let copy = select(0u, chunk.head * (chunk.frames * groups.z / layer.heads) * layer.value_stride, layer.role >= 2u);
  var products = vec4f();
  for (var c = 0u; c < bound(chunk, 4u); c++) {
    let at = frame(chunk, i + c) * layer.value_stride + value_base;
    let own_value = vec4f(values[at], values[at + 1u], values[at + 2u], values[at + 3u]);
    let pair = select(at, at - layer.value_offset + layer.partner_offset, layer.role >= 2u);
    let partner = vec4f(partners[pair], partners[pair + 1u], partners[pair + 2u], partners[pair + 3u]);
    let paired = select(state_term[c], result[c], layer.role == 1u);
    products[c] = dot(inside(paired, v, layer.value_size), partner);
    let entry = chunk_sums[i + c];
    let value = result[c] * select(1.0, entry.z, layer.backward == 1u) + select(0.0, entry.w, layer.role < 2u) * own_value;
    if (i + c < chunk.length) {
      // dC and dB lie where C and B do: the partner's half of bc.
      for (var k = 0u; k < min(4u, layer.value_size - min(v, layer.value_size)); k++) { out[copy + pair + k] = value[k]; }
    }
  }
  if (layer.role == 0u) { return; }
  partial[thread.y * 16u + thread.x] = products;
  workgroupBarrier();
  for (var k = index; k < chunk.length; k += threads) {
    var sum = 0.0;
    for (var t = 0u; t < threads_x; t++) { sum += partial[(k / 4u) * 16u + t][k % 4u]; }
    let slot = select(0u, groups.x, layer.role == 3u) + group.x;
    new_dots[slot * chunk.frames * groups.z + chunk.row + k] = sum * select(1.0, chunk_sums[k].z, layer.role == 3u);
  }
}

// Gradient by the decays, and the products G_i x_i that the gradient by D sums; out: [2, B, H, T].
//   da_k = Σ_{i>=k, j<k} W_ij + Σ_{i>=k} w-_i + Σ_{j<k} w+_j + exp(s_Q) <S, dS>,
//   W_ij = (C_i B_j) (G_i x_j) kappa_j exp(s_i - s_j) for j < i, by prefix sums of its rows.
// rows: G, keys: x; values: bc.
@compute @workgroup_size(TILES, TILES)
fn decay_gradient(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let chunk = chunk_of(group, arrayLength(&sums) / groups.z);
  let rows_in_all = chunk.frames * groups.z;
  load_sums(chunk, index, TILES * TILES);
  workgroupBarrier();
  let i = 4u * thread.x;
  let j = 4u * thread.y;
  var w0 = vec4f();
  var w1 = vec4f();
  var w2 = vec4f();
  var w3 = vec4f();
  if (j <= i) {
    let g = (frames4(chunk, i) * layer.heads + chunk.head) * layer.head_dim;
    let q = (frames4(chunk, j) * layer.heads + chunk.head) * layer.head_dim;
    for (var p = 0u; p < bound(chunk, layer.head_dim); p++) {
      let row = vec4f(rows[g.x + p], rows[g.y + p], rows[g.z + p], rows[g.w + p]);
      w0 += keys[q.x + p] * row;
      w1 += keys[q.y + p] * row;
      w2 += keys[q.z + p] * row;
      w3 += keys[q.w + p] * row;
    }
    if (i == j) { partial[thread.x] = vec4f(w0.x, w1.y, w2.z, w3.w); }
    var c0 = vec4f();
    var c1 = vec4f();
    var c2 = vec4f();
    var c3 = vec4f();
    let c = frames4(chunk, i) * 2u * layer.d_state + layer.d_state;
    let b = frames4(chunk, j) * 2u * layer.d_state;
    for (var n = 0u; n < bound(chunk, layer.d_state); n++) {
      let row = vec4f(values[c.x + n], values[c.y + n], values[c.z + n], values[c.w + n]);
      c0 += values[b.x + n] * row;
      c1 += values[b.y + n] * row;
      c2 += values[b.z + n] * row;
      c3 += values[b.w + n] * row;
    }
    w0 *= c0;
    w1 *= c1;
    w2 *= c2;
    w3 *= c3;
  }
  let products = mat4x4f(w0, w1, w2, w3);
  let own = sums4(i);
  for (var k = 0u; k < bound(chunk, 4u); k++) {
    let is_after = vec4u(i, i + 1u, i + 2u, i + 3u) > vec4u(j + k);
    let weight = select(vec4f(), weights(own, i, j + k), is_after);
    scores[(j + k) * TILES + thread.x] = products[k] * weight;
  }
  var overlap = 0.0;
  for (var k = index; k < layer.head_dim * layer.d_state; k += TILES * TILES) {
    overlap += states[chunk.state + k] * d_states[chunk.state + k];
  }
  partial[64u + index] = vec4f(overlap);
  workgroupBarrier();
  // Prefix over j of the rows i, in place; one thread for the four rows of a tile.
  if (index < TILES) {
    var sum = vec4f();
    for (var k = 0u; k < bound(chunk, Q); k++) {
      sum += scores[k * TILES + index];
      scores[k * TILES + index] = sum;
    }
  }
  workgroupBarrier();
  let tiles = (layer.d_state + COLUMNS - 1u) / COLUMNS;
  for (var k = index; k < chunk.length; k += TILES * TILES) {
    var carried = 0.0;
    for (var t = 0u; t < bound(chunk, TILES * TILES); t++) { carried += partial[64u + t].x; }
    var sum = carried * decay(chunk_sums[chunk.length - 1u].xy);
    for (var f = 0u; f < chunk.length; f++) {
      let slot = select(0u, tiles, f < k);
      for (var tile = 0u; tile < tiles; tile++) {
        sum += dots[(slot + tile) * rows_in_all + chunk.row + f];
      }
      if (f >= k && k > 0u) { sum += scores[(k - 1u) * TILES + f / 4u][f % 4u]; }
    }
    out[chunk.row + k] = sum;
    out[rows_in_all + chunk.row + k] = partial[k / 4u][k % 4u];
  }
}

// One frame without chunks, for the live decoder: one thread per number of x. rows: x, values: bc.
@compute @workgroup_size(64)
fn step(@builtin(global_invocation_id) id: vec3u) {
  let rows_of_batch = layer.heads * layer.head_dim;
  if (id.x >= rows_of_batch) { return; }
  let head = id.x / layer.head_dim;
  let at = id.y * rows_of_batch + id.x;
  let own = rows[at];
  let dt_own = dt[id.y * layer.heads + head];
  let kept = decay(split_decay(-exp(a_log[head]) * dt_own));
  let input = own * select(1.0, dt_own, layer.scale_by_dt == 1u);
  let b = id.y * 2u * layer.d_state;
  var y = d[head] * own;
  for (var n = 0u; n < layer.d_state; n++) {
    var state = input * values[b + n];
    if (layer.has_boundary == 1u) { state += kept * boundary[at * layer.d_state + n]; }
    new_boundary[at * layer.d_state + n] = state;
    y += state * values[b + layer.d_state + n];
  }
  out[at] = y;
}

// dB and dC summed over the heads: parts [H, B, T, 2N].
@compute @workgroup_size(256)
fn sum_heads(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let size = arrayLength(&out);
  for (var i = id.x; i < size; i += groups.x * 256u) {
    var sum = 0.0;
    for (var at = i; at < arrayLength(&parts); at += size) { sum += parts[at]; }
    out[i] = sum;
  }
}

var<workgroup> head_sums: array<vec2f, 256>;

// ddt = A da (+ the gradient by kappa), dA_log = A Σ da dt, dD = Σ G x; one workgroup per head.
// parts: what decay_gradient wrote; dots: the gradient by kappa [column tiles, B, H, T].
@compute @workgroup_size(256)
fn dt_gradient(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  let head = group.x;
  let a = -exp(a_log[head]);
  let rows = arrayLength(&parts) / 2u;
  let frames = rows / (layer.heads * layer.batches);
  var total = vec2f();
  for (var k = index; k < rows / layer.heads; k += 256u) {
    let batch = k / frames;
    let t = k % frames;
    let at = (batch * layer.heads + head) * frames + t;
    let da = parts[at];
    var ddt = a * da;
    if (layer.scale_by_dt == 1u) {
      for (var tile = at; tile < arrayLength(&dots); tile += rows) { ddt += dots[tile]; }
    }
    let frame = (batch * frames + select(t, frames - 1u - t, layer.reversed == 1u)) * layer.heads + head;
    out[frame] = ddt;
    total += vec2f(da * dt[frame], parts[rows + at]);
  }
  head_sums[index] = total;
  for (var width = 128u; width > 0u; width /= 2u) {
    workgroupBarrier();
    if (index < width) { head_sums[index] += head_sums[index + width]; }
  }
  if (index == 0u) {
    da_log[head] = a * head_sums[0].x;
    dd[head] = head_sums[0].y;
  }
}
