// Chunked SSD forward (REALM, section on the SSD layer; Dao and Gu 2024): state of each chunk, state passing over
// chunks, outputs of each chunk; and the plain recurrence for one frame.

const DEPTH = 16u;
const SLABS = 3u;

override has_initial: u32 = 0u;

@group(0) @binding(0) var<storage, read> x: array<f32>;              // [B, T, H, P]
@group(0) @binding(1) var<storage, read> dt: array<f32>;             // [B, T, H]
@group(0) @binding(2) var<storage, read> a_log: array<f32>;          // [H]
@group(0) @binding(3) var<storage, read> bc: array<f32>;             // [B, T, 2N]
@group(0) @binding(4) var<storage, read> d: array<f32>;              // [H]
@group(0) @binding(5) var<storage, read> initial_state: array<f32>;  // [B, H, P, N]
@group(0) @binding(6) var<storage, read_write> states: array<f32>;      // [B, chunks, H, P, N]
@group(0) @binding(7) var<storage, read_write> decay_sums: array<f32>;  // [B, H, T, 3]
@group(0) @binding(8) var<storage, read_write> final_state: array<f32>; // [B, H, P, N]
@group(0) @binding(9) var<storage, read_write> y: array<f32>;           // [B, T, H, P]

fn x_at(chunk: Chunk, i: u32, p: u32) -> f32 {
  if (i >= chunk.length || p >= head_dim) { return 0.0; }
  return x[(frame_index(chunk, i) * heads + chunk.head) * head_dim + p];
}

fn x_row(chunk: Chunk, i: u32, p: u32) -> vec4f {
  if (i >= chunk.length || p >= head_dim) { return vec4f(); }
  let at = (frame_index(chunk, i) * heads + chunk.head) * head_dim + p;
  return masked(vec4f(x[at], x[at + 1u], x[at + 2u], x[at + 3u]), p, head_dim);
}

// Columns n..n+3 of B (half 0) or C (half 1) at frame i.
fn bc_row(chunk: Chunk, i: u32, n: u32, half: u32) -> vec4f {
  if (i >= chunk.length || n >= d_state) { return vec4f(); }
  let at = (frame_index(chunk, i) * 2u + half) * d_state + n;
  return masked(vec4f(bc[at], bc[at + 1u], bc[at + 2u], bc[at + 3u]), n, d_state);
}

// Frames i..i+3 at column n of B (half 0) or C (half 1).
fn bc_column(chunk: Chunk, i: u32, n: u32, half: u32) -> vec4f {
  if (i >= chunk.length || n >= d_state) { return vec4f(); }
  let step = frame_step() * 2u * d_state;
  let at = (frame_index(chunk, i) * 2u + half) * d_state + n;
  return masked(vec4f(bc[at], bc[at + step], bc[at + 2u * step], bc[at + 3u * step]), i, chunk.length);
}

// Rows p..p+3 at column n of the state that enters the chunk.
fn state_column(chunk: Chunk, p: u32, n: u32) -> vec4f {
  if (p >= head_dim || n >= d_state) { return vec4f(); }
  let at = chunk.state + p * d_state + n;
  return masked(
    vec4f(states[at], states[at + d_state], states[at + 2u * d_state], states[at + 3u * d_state]), p, head_dim,
  );
}

// State that the chunk's own frames leave at its end: Σ_j exp(s_Q - s_j) kappa_j x_j B_j^T; tile [P][N].
@compute @workgroup_size(threads_x, threads_y)
fn ssd_chunk_state(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let chunk = chunk_of(group, frame_count(groups));
  let threads = threads_x * threads_y;
  let a = -exp(a_log[chunk.head]);
  for (var i = index; i < chunk_length; i += threads) {
    let valid = i < chunk.length;
    let dt_i = select(0.0, dt[frame_index(chunk, select(0u, i, valid)) * heads + chunk.head], valid);
    kappa[i] = select(select(0.0, 1.0, valid), dt_i, scale_by_dt == 1u);
    // The split of each frame, held where slabs will be.
    slabs[i] = vec4f(split_decay(dt_i * a), 0.0, 0.0);
  }
  workgroupBarrier();
  for (var i = index; i < chunk_length; i += threads) {
    var sum = vec2f();
    for (var k = 0u; k <= i; k++) { sum += slabs[k].xy; }
    decay[i] = sum;
    if (group.x == 0u && i < chunk.length) {
      let at = 3u * (chunk.row + i);
      decay_sums[at] = sum.x;
      decay_sums[at + 1u] = sum.y;
      decay_sums[at + 2u] = kappa[i];
    }
  }
  let n_tiles = (d_state + TILE - 1u) / TILE;
  let p0 = group.x / n_tiles * TILE;
  let n0 = group.x % n_tiles * TILE;
  var acc = mat4x4f();
  for (var j0 = 0u; j0 < chunk.length; j0 += DEPTH) {
    workgroupBarrier();
    for (var i = index; i < DEPTH * threads_y; i += threads) {
      let k = i / threads_y;
      let column = i % threads_y;
      // Past the last frame x is 0, whatever the clamped index gives.
      let j = min(j0 + k, chunk_length - 1u);
      let weight = decay_factor(decay[chunk.length - 1u] - decay[j]) * kappa[j];
      slabs[slab_at(0u, k, column)] = weight * x_row(chunk, j0 + k, p0 + 4u * column);
    }
    for (var i = index; i < DEPTH * threads_x; i += threads) {
      let k = i / threads_x;
      let column = i % threads_x;
      slabs[slab_at(1u, k, column)] = bc_row(chunk, j0 + k, n0 + 4u * column, 0u);
    }
    workgroupBarrier();
    acc = multiply_slabs(acc, 0u, 1u, min(DEPTH, chunk.length - j0), thread.xy);
  }
  for (var r = 0u; r < 4u; r++) {
    let p = p0 + 4u * thread.y + r;
    let n = n0 + 4u * thread.x;
    let at = chunk.state + p * d_state + n;
    let count = select(0u, d_state - min(n, d_state), p < head_dim);
    if (count > 0u) { states[at] = acc[r].x; }
    if (count > 1u) { states[at + 1u] = acc[r].y; }
    if (count > 2u) { states[at + 2u] = acc[r].z; }
    if (count > 3u) { states[at + 3u] = acc[r].w; }
  }
}

// Replaces each chunk's own state by the state that enters the chunk; one thread per state element.
@compute @workgroup_size(64)
fn ssd_state_passing(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let frames = frame_count(groups);
  let element = group.x * 64u + index;
  let size = head_dim * d_state;
  if (element >= size) { return; }
  var carry = 0.0;
  if (has_initial == 1u) { carry = initial_state[group.z * size + element]; }
  let chunks = (frames + chunk_length - 1u) / chunk_length;
  for (var c = 0u; c < chunks; c++) {
    let chunk = chunk_of(vec3u(0u, c, group.z), frames);
    let at = 3u * (chunk.row + chunk.length - 1u);
    let factor = decay_factor(vec2f(decay_sums[at], decay_sums[at + 1u]));
    let own = states[chunk.state + element];
    states[chunk.state + element] = carry;
    carry = factor * carry + own;
  }
  final_state[group.z * size + element] = carry;
}

// y_i = Σ_{j<=i} (C_i B_j) exp(s_i - s_j) kappa_j x_j + exp(s_i) S C_i + D x_i; tile [Q][P].
@compute @workgroup_size(threads_x, threads_y)
fn ssd_chunk_scan(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let chunk = chunk_of(group, frame_count(groups));
  let threads = threads_x * threads_y;
  let p0 = group.x * TILE;
  for (var i = index; i < TILE; i += threads) {
    let at = 3u * (chunk.row + min(i, chunk.length - 1u));
    keep_decay(i, chunk.length, vec3f(decay_sums[at], decay_sums[at + 1u], decay_sums[at + 2u]));
  }
  var scores = mat4x4f();
  var acc = mat4x4f();
  let n_end = bound(chunk, d_state);
  for (var n0 = 0u; n0 < n_end; n0 += DEPTH) {
    workgroupBarrier();
    for (var i = index; i < DEPTH * threads_y; i += threads) {
      let k = i % DEPTH;
      let column = i / DEPTH;
      slabs[slab_at(0u, k, column)] = bc_column(chunk, 4u * column, n0 + k, 1u);
    }
    for (var i = index; i < DEPTH * threads_x; i += threads) {
      let k = i % DEPTH;
      let column = i / DEPTH;
      slabs[slab_at(1u, k, column)] = bc_column(chunk, 4u * column, n0 + k, 0u);
      slabs[slab_at(2u, k, column)] = state_column(chunk, p0 + 4u * column, n0 + k);
    }
    workgroupBarrier();
    let depth = min(DEPTH, n_end - n0);
    for (var k = 0u; k < depth; k++) {
      let rows = slabs[slab_at(0u, k, thread.y)];
      scores = outer(scores, rows, slabs[slab_at(1u, k, thread.x)]);
      acc = outer(acc, rows, slabs[slab_at(2u, k, thread.x)]);
    }
  }
  for (var r = 0u; r < 4u; r++) {
    let i = 4u * thread.y + r;
    acc[r] *= decay_factor(decay[i]);
    scores[r] *= decay_row(i, 4u * thread.x);
  }
  let by_column = transpose(scores);
  for (var j0 = 0u; j0 < chunk.length; j0 += DEPTH) {
    workgroupBarrier();
    let mine = 4u * thread.x;
    if (mine >= j0 && mine < j0 + DEPTH) {
      for (var c = 0u; c < 4u; c++) { slabs[slab_at(0u, mine - j0 + c, thread.y)] = by_column[c]; }
    }
    for (var i = index; i < DEPTH * threads_x; i += threads) {
      let k = i / threads_x;
      let column = i % threads_x;
      slabs[slab_at(1u, k, column)] = x_row(chunk, j0 + k, p0 + 4u * column);
    }
    workgroupBarrier();
    acc = multiply_slabs(acc, 0u, 1u, min(DEPTH, chunk.length - j0), thread.xy);
  }
  for (var r = 0u; r < 4u; r++) {
    let i = 4u * thread.y + r;
    if (i >= chunk.length) { break; }
    let p = p0 + 4u * thread.x;
    let at = (frame_index(chunk, i) * heads + chunk.head) * head_dim + p;
    let value = acc[r] + d[chunk.head] * x_row(chunk, i, p);
    let count = head_dim - min(p, head_dim);
    if (count > 0u) { y[at] = value.x; }
    if (count > 1u) { y[at + 1u] = value.y; }
    if (count > 2u) { y[at + 2u] = value.z; }
    if (count > 3u) { y[at + 3u] = value.w; }
  }
}

// One frame of the recurrence; 16 threads share a row p of the state.
@compute @workgroup_size(16, 16)
fn ssd_step(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_id) thread: vec3u,
) {
  let chunk = chunk_of(vec3u(0u, 0u, group.z), 1u);
  let p = group.x * 16u + thread.y;
  let dt_now = dt[group.z];
  let factor = exp(-exp(a_log[chunk.head]) * dt_now);
  let scaled = x_at(chunk, 0u, p) * select(1.0, dt_now, scale_by_dt == 1u);
  var sum = 0.0;
  if (p < head_dim) {
    for (var n = thread.x; n < d_state; n += 16u) {
      let at = (group.z * head_dim + p) * d_state + n;
      let b_at = chunk.batch * 2u * d_state + n;
      var state = scaled * bc[b_at];
      if (has_initial == 1u) { state += factor * initial_state[at]; }
      final_state[at] = state;
      sum += state * bc[b_at + d_state];
    }
  }
  slabs[thread.y * STRIDE + thread.x] = vec4f(sum);
  workgroupBarrier();
  if (thread.x == 0u && p < head_dim) {
    var total = d[chunk.head] * x_at(chunk, 0u, p);
    for (var k = 0u; k < 16u; k++) { total += slabs[thread.y * STRIDE + k].x; }
    y[group.z * head_dim + p] = total;
  }
}
