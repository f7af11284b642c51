// The state-space layer in chunks of Q frames (Dao and Gu, 2024; REALM, section 1.3). B batch, T frames, H heads,
// P head_dim, N d_state, both multiples of 4. An invocation owns a tile of 4 x 4 numbers in registers and reads its
// operands from memory: no workgroup memory and no barriers, which software adapters pay dearly, and little to compile.
// `states` and `scan` serve the gradient too, with frames and chunks in the opposite order.

// As `values` x [B, T, H, P] forward and its result's gradient G backward.
@group(0) @binding(1) var<storage, read> values: array<vec4f>;
// [B, T, 2N]: B, then C.
@group(0) @binding(2) var<storage, read> bc: array<vec4f>;
@group(0) @binding(3) var<storage, read> dt: array<f32>;
@group(0) @binding(4) var<storage, read> a_log: array<f32>;
@group(0) @binding(5) var<storage, read> d: array<f32>;
// State before each chunk forward, gradient by the state after each chunk backward: [B, chunks, H, P, N].
@group(0) @binding(6) var<storage, read> states: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> new_states: array<vec4f>;
// Per frame in the order of the recurrence [B, H, T]: the decay from the chunk's beginning, the decay to its end, kappa.
@group(0) @binding(8) var<storage, read> decays: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> new_decays: array<vec4f>;
// kappa_j (C_i B_j) exp(s_i - s_j) of each head and chunk [B, chunks, H, frame j, frame i]; only tiles with j <= i.
@group(0) @binding(10) var<storage, read> scores: array<vec4f>;
@group(0) @binding(11) var<storage, read_write> new_scores: array<vec4f>;
@group(0) @binding(12) var<storage, read> boundary: array<vec4f>;
@group(0) @binding(13) var<storage, read_write> new_boundary: array<vec4f>;
@group(0) @binding(14) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(15) var<storage, read_write> record: array<vec4f>;

// The first B * chunks * CAUSAL_TILES invocations make the scores of all heads of a tile, the others one frame's decays.
@compute @workgroup_size(64)
fn prepare(@builtin(global_invocation_id) id: vec3u) {
  let chunks = arrayLength(&bc) / (2u * layer.d_state * layer.frames) * chunk_count();
  if (id.x < chunks * CAUSAL_TILES) {
    score_tile(id.x / CAUSAL_TILES, causal_tile(id.x % CAUSAL_TILES));
  } else if (id.x - chunks * CAUSAL_TILES < arrayLength(&new_decays)) {
    frame_decays(id.x - chunks * CAUSAL_TILES);
  }
}

fn score_tile(at: u32, tile: vec2u) {
  let chunk = chunk_of(at);
  let c = frames4(chunk, 4u * tile.x) * 2u * layer.d_state + layer.d_state;
  let b = frames4(chunk, 4u * tile.y) * 2u * layer.d_state;
  // Column: frame j, row: frame i.
  var products = mat4x4f();
  for (var n = 0u; n < layer.d_state; n++) {
    let of_c = mat4x4f(bc[c.x + n], bc[c.y + n], bc[c.z + n], bc[c.w + n]);
    let of_b = mat4x4f(bc[b.x + n], bc[b.y + n], bc[b.z + n], bc[b.w + n]);
    products += transpose(of_c) * of_b;
  }
  for (var head = 0u; head < layer.heads; head++) {
    let factors = weight_tile(chunk, head, tile);
    let to = (at * layer.heads + head) * Q * TILES + 4u * tile.y * TILES + tile.x;
    new_scores[to] = products[0] * factors[0];
    new_scores[to + TILES] = products[1] * factors[1];
    new_scores[to + 2u * TILES] = products[2] * factors[2];
    new_scores[to + 3u * TILES] = products[3] * factors[3];
  }
}

fn frame_decays(index: u32) {
  let t = index % layer.frames;
  let head = index / layer.frames % layer.heads;
  let chunk = chunk_of(index / (layer.frames * layer.heads) * chunk_count() + t / Q);
  let i = t % Q;
  var before = 0.0;
  for (var k = 0u; k <= i; k++) { before += dt[frame(chunk, k) * layer.heads + head]; }
  var after = 0.0;
  for (var k = i + 1u; k < chunk.length; k++) { after += dt[frame(chunk, k) * layer.heads + head]; }
  let kappa = select(1.0, dt[frame(chunk, i) * layer.heads + head], layer.scale_by_dt == 1u);
  let decayed = decay4(-exp(a_log[chunk.parameters + head]) * vec4f(before, after, 0.0, 0.0));
  new_decays[index] = vec4f(decayed.xy, kappa, 0.0);
}

// The state before each chunk, frame by frame from the first chunk on: S <- exp(s_Q) S + Σ_j kappa_j exp(s_Q - s_j) x_j B_j^T.
// Backward the gradient by the state after each chunk, from the last chunk on: dS <- exp(s_Q) dS + Σ_i exp(s_i) G_i C_i^T,
// and into `record` the tile's share of exp(s_Q) <S, dS>, which every decay of the chunk gets.
@compute @workgroup_size(64)
fn states_of_chunks(@builtin(global_invocation_id) id: vec3u) {
  let tiles = layer.head_dim * layer.d_state;
  if (id.x >= tiles) { return; }
  let p = id.x / layer.d_state;
  let n = id.x % layer.d_state;
  let batch = id.z / layer.heads;
  let head = id.z % layer.heads;
  let edge = (id.z * 4u * layer.head_dim + 4u * p) * layer.d_state + n;
  var state = mat4x4f();
  if (layer.has_boundary == 1u) {
    state = mat4x4f(
      boundary[edge],
      boundary[edge + layer.d_state],
      boundary[edge + 2u * layer.d_state],
      boundary[edge + 3u * layer.d_state],
    );
  }
  for (var k = 0u; k < chunk_count(); k++) {
    let index = batch * chunk_count() + select(k, chunk_count() - 1u - k, layer.backward == 1u);
    let chunk = chunk_of(index);
    let row = id.z * layer.frames + chunk.first;
    let at = ((index * layer.heads + head) * 4u * layer.head_dim + 4u * p) * layer.d_state + n;
    new_states[at] = state[0];
    new_states[at + layer.d_state] = state[1];
    new_states[at + 2u * layer.d_state] = state[2];
    new_states[at + 3u * layer.d_state] = state[3];
    state *= decays[row + chunk.length - 1u].x;
    if (layer.backward == 1u) {
      record[record_of(index * layer.heads + head) + OVERLAP + id.x] = state[0] * states[at]
        + state[1] * states[at + layer.d_state]
        + state[2] * states[at + 2u * layer.d_state]
        + state[3] * states[at + 3u * layer.d_state];
    }
    for (var i = 0u; i < chunk.length; i++) {
      let of_frame = decays[row + i];
      let place = frame(chunk, i);
      let value = values[(place * layer.heads + head) * layer.head_dim + p];
      let column = place * 2u * layer.d_state + n;
      let weight = select(of_frame.y * of_frame.z, of_frame.x, layer.backward == 1u);
      let other = weight * bc[select(column, column + layer.d_state, layer.backward == 1u)];
      state += mat4x4f(value.x * other, value.y * other, value.z * other, value.w * other);
    }
  }
  new_boundary[edge] = state[0];
  new_boundary[edge + layer.d_state] = state[1];
  new_boundary[edge + 2u * layer.d_state] = state[2];
  new_boundary[edge + 3u * layer.d_state] = state[3];
}

fn factor_of_state(row: u32) -> f32 {
  let of_frame = decays[row];
  return select(of_frame.x, of_frame.y * of_frame.z, layer.backward == 1u);
}

// A tile of four frames by four columns of one head:
//   forward   y_i = Σ_{j<=i} scores_ij x_j + exp(s_i) S C_i + D x_i,
//   backward dx_j = Σ_{i>=j} scores_ij G_i + kappa_j exp(s_Q - s_j) dS B_j + D G_j.
// Directions differ by numbers chosen, not by branches, of which software adapters run both sides.
@compute @workgroup_size(64)
fn scan(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= TILES * layer.head_dim) { return; }
  let tile = id.x / layer.head_dim;
  let p = id.x % layer.head_dim;
  let head = id.z % layer.heads;
  let index = id.z / layer.heads * chunk_count() + id.y;
  let chunk = chunk_of(index);
  if (4u * tile >= chunk.length) { return; }
  let is_backward = layer.backward == 1u;
  let own = frames4(chunk, 4u * tile);
  // Columns: the tile's frames.
  var result = mat4x4f();
  let r = own * 2u * layer.d_state + select(layer.d_state, 0u, is_backward);
  let s = ((index * layer.heads + head) * 4u * layer.head_dim + 4u * p) * layer.d_state;
  for (var n = 0u; n < layer.d_state; n++) {
    let of_rows = mat4x4f(bc[r.x + n], bc[r.y + n], bc[r.z + n], bc[r.w + n]);
    let of_state = mat4x4f(
      states[s + n],
      states[s + layer.d_state + n],
      states[s + 2u * layer.d_state + n],
      states[s + 3u * layer.d_state + n],
    );
    result += transpose(of_state) * of_rows;
  }
  let row = id.z * layer.frames + chunk.first;
  let first = 4u * tile;
  let rows = row + min(first + vec4u(0u, 1u, 2u, 3u), vec4u(chunk.length - 1u));
  result[0] *= factor_of_state(rows.x);
  result[1] *= factor_of_state(rows.y);
  result[2] *= factor_of_state(rows.z);
  result[3] *= factor_of_state(rows.w);
  let columns = head * layer.head_dim + p;
  let stride = layer.heads * layer.head_dim;
  let of_chunk = (index * layer.heads + head) * Q * TILES;
  let begin = select(0u, tile, is_backward);
  let end = select(tile + 1u, (chunk.length + 3u) / 4u, is_backward);
  for (var other = begin; other < end; other++) {
    let at = of_chunk + select(4u * other * TILES + tile, 4u * tile * TILES + other, is_backward);
    let found = mat4x4f(scores[at], scores[at + TILES], scores[at + 2u * TILES], scores[at + 3u * TILES]);
    let partners = frames4(chunk, 4u * other) * stride + columns;
    let of_partners = mat4x4f(values[partners.x], values[partners.y], values[partners.z], values[partners.w]);
    result += of_partners * transpose_unless(found, is_backward);
  }
  let at = own * stride + columns;
  let skip = d[chunk.parameters + head];
  out[at.x] = result[0] + skip * values[at.x];
  if (first + 1u < chunk.length) { out[at.y] = result[1] + skip * values[at.y]; }
  if (first + 2u < chunk.length) { out[at.z] = result[2] + skip * values[at.z]; }
  if (first + 3u < chunk.length) { out[at.w] = result[3] + skip * values[at.w]; }
}
