// Gradients of the state-space layer by B, C, dt, A and D; the gradient by x is `scan` of ssd.wgsl. Same tiles.

@group(0) @binding(1) var<storage, read> x: array<vec4f>;
// G, the gradient by the layer's result [B, T, H, P].
@group(0) @binding(2) var<storage, read> values: array<vec4f>;
@group(0) @binding(3) var<storage, read> bc: array<vec4f>;
@group(0) @binding(4) var<storage, read> dt: array<f32>;
@group(0) @binding(5) var<storage, read> a_log: array<f32>;
@group(0) @binding(6) var<storage, read> scores: array<vec4f>;
@group(0) @binding(7) var<storage, read> states: array<vec4f>;
@group(0) @binding(8) var<storage, read> d_states: array<vec4f>;
@group(0) @binding(9) var<storage, read> decays: array<vec4f>;
// Per head and chunk as common/ssd.wgsl says, then per chunk Σ_heads kappa_j (G_i x_j) exp(s_i - s_j) [frame j, tile of i].
@group(0) @binding(10) var<storage, read_write> record: array<vec4f>;
@group(0) @binding(11) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(12) var<storage, read_write> ddt: array<f32>;
@group(0) @binding(13) var<storage, read_write> da_log: array<f32>;
@group(0) @binding(14) var<storage, read_write> dd: array<f32>;

fn sums_over_heads(chunks: u32, index: u32) -> u32 {
  return record_of(chunks * layer.heads) + index * Q * TILES;
}

// One tile of pairs of frames of one chunk: what the decays' gradients need of each head, and the sum over the heads.
@compute @workgroup_size(64)
fn pairs(@builtin(global_invocation_id) id: vec3u) {
  let stride = layer.heads * layer.head_dim;
  let chunks = arrayLength(&x) / (stride * layer.frames) * chunk_count();
  if (id.x >= chunks * CAUSAL_TILES) { return; }
  let index = id.x / CAUSAL_TILES;
  let tile = causal_tile(id.x % CAUSAL_TILES);
  let chunk = chunk_of(index);
  let own = frames4(chunk, 4u * tile.x) * stride;
  let others = frames4(chunk, 4u * tile.y) * stride;
  let in_chunk = 4u * tile.y * TILES + tile.x;
  var sums = mat4x4f();
  for (var head = 0u; head < layer.heads; head++) {
    let g = own + head * layer.head_dim;
    let v = others + head * layer.head_dim;
    // Column: frame j, row: frame i.
    var products = mat4x4f();
    for (var p = 0u; p < layer.head_dim; p++) {
      let of_g = mat4x4f(values[g.x + p], values[g.y + p], values[g.z + p], values[g.w + p]);
      let of_x = mat4x4f(x[v.x + p], x[v.y + p], x[v.z + p], x[v.w + p]);
      products += transpose(of_g) * of_x;
    }
    let of_head = index * layer.heads + head;
    let s = of_head * Q * TILES + in_chunk;
    let to = record_of(of_head) + in_chunk;
    record[to] = products[0] * scores[s];
    record[to + TILES] = products[1] * scores[s + TILES];
    record[to + 2u * TILES] = products[2] * scores[s + 2u * TILES];
    record[to + 3u * TILES] = products[3] * scores[s + 3u * TILES];
    if (tile.x == tile.y) {
      let diagonal = vec4f(products[0].x, products[1].y, products[2].z, products[3].w);
      record[record_of(of_head) + DIAGONAL + tile.x] = diagonal;
    }
    let factors = weight_tile(chunk, head, tile);
    sums[0] += products[0] * factors[0];
    sums[1] += products[1] * factors[1];
    sums[2] += products[2] * factors[2];
    sums[3] += products[3] * factors[3];
  }
  let to = sums_over_heads(chunks, index) + in_chunk;
  record[to] = sums[0];
  record[to + TILES] = sums[1];
  record[to + 2u * TILES] = sums[2];
  record[to + 3u * TILES] = sums[3];
}

// A tile of four frames by four columns, of dC and of dB, with w_ij the sums that `pairs` leaves:
//   dC_i = Σ_{j<=i} w_ij B_j + Σ_heads exp(s_i) G_i S,
//   dB_j = Σ_{i>=j} w_ij C_i + Σ_heads kappa_j exp(s_Q - s_j) x_j dS.
@compute @workgroup_size(64)
fn gradient_bc(@builtin(global_invocation_id) id: vec3u) {
  let chunks = arrayLength(&bc) / (2u * layer.d_state * layer.frames) * chunk_count();
  let tiles = TILES * layer.d_state;
  if (id.x >= chunks * tiles) { return; }
  let index = id.x / tiles;
  let tile = id.x % tiles / layer.d_state;
  let n = id.x % layer.d_state;
  let chunk = chunk_of(index);
  if (4u * tile >= chunk.length) { return; }
  let own = frames4(chunk, 4u * tile);
  let own_b = own * 2u * layer.d_state + n;
  let own_c = own_b + layer.d_state;
  let offsets = min(4u * tile + vec4u(0u, 1u, 2u, 3u), vec4u(chunk.length - 1u)) + chunk.first;
  // Columns: the tile's frames.
  var of_c = mat4x4f();
  var of_b = mat4x4f();
  for (var head = 0u; head < layer.heads; head++) {
    let of_head = index * layer.heads + head;
    let r = (own * layer.heads + head) * layer.head_dim;
    let s = of_head * 4u * layer.head_dim * layer.d_state + n;
    var part_c = mat4x4f();
    var part_b = mat4x4f();
    for (var p = 0u; p < layer.head_dim; p++) {
      let at = s + (4u * p + vec4u(0u, 1u, 2u, 3u)) * layer.d_state;
      let of_g = mat4x4f(values[r.x + p], values[r.y + p], values[r.z + p], values[r.w + p]);
      part_c += mat4x4f(states[at.x], states[at.y], states[at.z], states[at.w]) * of_g;
      let of_x = mat4x4f(x[r.x + p], x[r.y + p], x[r.z + p], x[r.w + p]);
      part_b += mat4x4f(d_states[at.x], d_states[at.y], d_states[at.z], d_states[at.w]) * of_x;
    }
    let row = (index / chunk_count() * layer.heads + head) * layer.frames;
    let d0 = decays[row + offsets.x];
    let d1 = decays[row + offsets.y];
    let d2 = decays[row + offsets.z];
    let d3 = decays[row + offsets.w];
    part_c = mat4x4f(part_c[0] * d0.x, part_c[1] * d1.x, part_c[2] * d2.x, part_c[3] * d3.x);
    part_b = mat4x4f(part_b[0] * d0.y, part_b[1] * d1.y, part_b[2] * d2.y, part_b[3] * d3.y);
    let to = record_of(of_head) + tile * layer.d_state + n;
    record[to + dots_of_states(0u)] = vec4f(
      dot(part_c[0], bc[own_c.x]),
      dot(part_c[1], bc[own_c.y]),
      dot(part_c[2], bc[own_c.z]),
      dot(part_c[3], bc[own_c.w]),
    );
    record[to + dots_of_states(1u)] = vec4f(
      dot(part_b[0], bc[own_b.x]),
      dot(part_b[1], bc[own_b.y]),
      dot(part_b[2], bc[own_b.z]),
      dot(part_b[3], bc[own_b.w]),
    );
    of_c += part_c;
    of_b += mat4x4f(part_b[0] * d0.z, part_b[1] * d1.z, part_b[2] * d2.z, part_b[3] * d3.z);
  }
  let sums = sums_over_heads(chunks, index);
  for (var other = 0u; other <= tile; other++) {
    let at = sums + 4u * other * TILES + tile;
    let found = mat4x4f(record[at], record[at + TILES], record[at + 2u * TILES], record[at + 3u * TILES]);
    let b = frames4(chunk, 4u * other) * 2u * layer.d_state + n;
    of_c += mat4x4f(bc[b.x], bc[b.y], bc[b.z], bc[b.w]) * transpose(found);
  }
  for (var other = tile; other < (chunk.length + 3u) / 4u; other++) {
    let at = sums + 4u * tile * TILES + other;
    let found = mat4x4f(record[at], record[at + TILES], record[at + 2u * TILES], record[at + 3u * TILES]);
    let c = frames4(chunk, 4u * other) * 2u * layer.d_state + layer.d_state + n;
    of_b += mat4x4f(bc[c.x], bc[c.y], bc[c.z], bc[c.w]) * found;
  }
  let first = 4u * tile;
  out[own_b.x] = of_b[0];
  out[own_c.x] = of_c[0];
  if (first + 1u < chunk.length) {
    out[own_b.y] = of_b[1];
    out[own_c.y] = of_c[1];
  }
  if (first + 2u < chunk.length) {
    out[own_b.z] = of_b[2];
    out[own_c.z] = of_c[2];
  }
  if (first + 3u < chunk.length) {
    out[own_b.w] = of_b[3];
    out[own_c.w] = of_c[3];
  }
}

var<workgroup> head_sums: array<vec2f, 64>;

// A workgroup takes a head of one direction, an invocation its chunks. With w_ij the record's pairs
//   da_k = Σ_{i>=k>j} w_ij + Σ_{i>=k} exp(s_i) G_i S C_i + Σ_{j<k} kappa_j exp(s_Q - s_j) x_j dS B_j + exp(s_Q) <S, dS>,
// every sum of terms that belong to k alone: differences of running sums would cancel.
@compute @workgroup_size(64)
fn sum_gradients(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = group.x % layer.heads;
  let a = -exp(a_log[group.x]);
  let chunks = layer.batch_entries * chunk_count();
  let first = group.x / layer.heads * chunks;
  // Σ da dt and Σ G x.
  var total = vec2f();
  for (var index = first + lane; index < first + chunks; index += 64u) {
    let chunk = chunk_of(index);
    let start = record_of(index * layer.heads + head);
    var overlap = vec4f();
    for (var t = 0u; t < layer.head_dim * layer.d_state; t++) { overlap += record[start + OVERLAP + t]; }
    // Of the frames i: pairs with the frames before k.
    var rows: array<vec4f, TILES>;
    var of_b = 0.0;
    var of_c: array<vec4f, TILES>;
    let tiles = (chunk.length + 3u) / 4u;
    for (var tile = 0u; tile < tiles; tile++) {
      let origin = start + dots_of_states(0u) + tile * layer.d_state;
      var sum = vec4f();
      for (var n = 0u; n < layer.d_state; n++) { sum += record[origin + n]; }
      of_c[tile] = sum;
      rows[tile] = vec4f();
    }
    var b_dots = vec4f();
    for (var k = 0u; k < chunk.length; k++) {
      if (k % 4u == 0u) {
        let origin = start + dots_of_states(1u) + k / 4u * layer.d_state;
        b_dots = vec4f();
        for (var n = 0u; n < layer.d_state; n++) { b_dots += record[origin + n]; }
      }
      var sum = vec4f();
      for (var tile = k / 4u; tile < tiles; tile++) {
        let frames = 4u * tile + vec4u(0u, 1u, 2u, 3u);
        let counts = (frames >= vec4u(k)) & (frames < vec4u(chunk.length));
        sum += select(vec4f(), rows[tile] + of_c[tile], counts);
      }
      let da = dot(sum + overlap, vec4f(1.0)) + of_b;
      let dt_k = dt_of(chunk, head, k);
      let kappa = select(1.0, dt_k, layer.scale_by_dt == 1u);
      var of_k = vec4f();
      for (var tile = k / 4u; tile < tiles; tile++) {
        let pair = record[start + k * TILES + tile];
        of_k += pair;
        rows[tile] += pair;
      }
      let b_dot = b_dots[k % 4u];
      of_b += kappa * b_dot;
      // A softplus whose result is 0 has a slope of 0: what is then left out does not matter.
      let d_kappa = select(0.0, dot(of_k, vec4f(1.0)) / kappa, kappa > 0.0) + b_dot;
      ddt[frame(chunk, k) * layer.heads + head] = a * da + select(0.0, d_kappa, layer.scale_by_dt == 1u);
      total += vec2f(da * dt_k, record[start + DIAGONAL + k / 4u][k % 4u]);
    }
  }
  head_sums[lane] = total;
  workgroupBarrier();
  if (lane == 0u) {
    for (var other = 1u; other < 64u; other++) { total += head_sums[other]; }
    da_log[group.x] = a * total.x;
    dd[group.x] = total.y;
  }
}
