// One frame of the state-space layer: h = decay h + u B^T, y = h C + skip u, gated, and projected back to the residual
// stream (Dao and Gu, 2024; REALM, section 1.3). One workgroup per head, which adds its share to a part of the stream of
// its own. B batch, H heads, P head_dim, N d_state, D columns of the stream, J = H P up to a whole quad.

struct Sizes {
  heads: u32,
  head_dim: u32,
  d_state: u32,
  // Parts of the inputs, and of the stream before.
  input_parts: u32,
  parts: u32,
  columns: u32,
}

const THREADS = 64u;
const MOST_STATE_QUADS = 128u;
const MOST_HEAD_QUADS = 256u;

// [B, 2J]: u, then the gate.
@group(0) @binding(0) var<storage, read> projected: array<f32>;
// [B, input_parts, 2N + H]: B, C and dt, before rotation, bias and softplus.
@group(0) @binding(1) var<storage, read> inputs: array<f32>;
// N/2 cosines, then N/2 sines.
@group(0) @binding(2) var<storage, read> angles: array<f32>;
// [3, H]: skip, log of -A, bias of dt.
@group(0) @binding(3) var<storage, read> heads: array<f32>;
// [H, P / 4, D] quads of a row.
@group(0) @binding(4) var<storage, read> weight: array<vec4f>;
// [B, parts, D], and [B, H, D].
@group(0) @binding(5) var<storage, read> parts: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
// [B, H, N / 4, P] quads of a row.
@group(0) @binding(7) var<storage, read_write> state: array<vec4f>;
@group(0) @binding(8) var<uniform> sizes: Sizes;

// B, then C; zero from the last column on.
var<workgroup> bc: array<vec4f, 2u * MOST_STATE_QUADS>;
var<workgroup> gated: array<vec4f, MOST_HEAD_QUADS>;

fn quads(count: u32) -> u32 {
  return (count + 3u) / 4u;
}

fn input_at(b: u32, column: u32) -> f32 {
  let width = 2u * sizes.d_state + sizes.heads;
  var sum = 0.0;
  for (var s = 0u; s < sizes.input_parts; s++) {
    sum += inputs[(b * sizes.input_parts + s) * width + column];
  }
  return sum;
}

// Column i of the row of N that begins at `first`, turned with its partner.
fn turned(b: u32, first: u32, i: u32) -> f32 {
  let half = sizes.d_state / 2u;
  let angle = i % half;
  let own = input_at(b, first + i);
  if (i < half) {
    return own * angles[angle] - input_at(b, first + i + half) * angles[angle + half];
  }
  return own * angles[angle] + input_at(b, first + i - half) * angles[angle + half];
}

// The gated output of one row, and its next state.
fn advance(b: u32, head: u32, p: u32, decay: f32) -> f32 {
  let padded = quads(sizes.heads * sizes.head_dim) * 4u;
  let channel = b * 2u * padded + head * sizes.head_dim + p;
  let u = projected[channel];
  let count = quads(sizes.d_state);
  let first = (b * sizes.heads + head) * count * sizes.head_dim + p;
  var sum = vec4f(0.0);
  for (var q = 0u; q < count; q++) {
    let h = decay * state[first + q * sizes.head_dim] + u * bc[q];
    state[first + q * sizes.head_dim] = h;
    sum += h * bc[count + q];
  }
  return (dot(sum, vec4f(1.0)) + heads[head] * u) * projected[channel + padded];
}

@compute @workgroup_size(THREADS)
fn step(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let head = group.x;
  let b = group.y;
  let n = sizes.d_state;
  let padded = quads(n) * 4u;
  for (var i = index; i < 2u * padded; i += THREADS) {
    var value = 0.0;
    if (i % padded < n) { value = turned(b, i / padded * n, i % padded); }
    bc[i / 4u][i % 4u] = value;
  }
  workgroupBarrier();
  let dt = softplus(input_at(b, 2u * n + head) + heads[2u * sizes.heads + head]);
  let decay = exp(-exp(heads[sizes.heads + head]) * dt);
  for (var p = index; p < quads(sizes.head_dim) * 4u; p += THREADS) {
    var y = 0.0;
    if (p < sizes.head_dim) { y = advance(b, head, p, decay); }
    gated[p / 4u][p % 4u] = y;
  }
  workgroupBarrier();
  let columns = sizes.columns;
  for (var d = index; d < columns; d += THREADS) {
    var sum = vec4f(0.0);
    for (var q = 0u; q < quads(sizes.head_dim); q++) {
      sum += weight[(head * quads(sizes.head_dim) + q) * columns + d] * gated[q];
    }
    var total = dot(sum, vec4f(1.0));
    if (head < sizes.parts) { total += parts[(b * sizes.parts + head) * columns + d]; }
    out[(b * sizes.heads + head) * columns + d] = total;
  }
}
