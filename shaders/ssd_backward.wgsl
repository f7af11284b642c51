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
// Per head and chunk as common/ssd.wgsl says, then per chunk Σ_heads kappa_j (G_i x_j) exp(s_i - s_j) as pairs in both orders.
@group(0) @binding(10) var<storage, read_write> record: array<vec4f>;
@group(0) @binding(11) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(12) var<storage, read_write> ddt: array<f32>;
@group(0) @binding(13) var<storage, read_write> da_log: array<f32>;
@group(0) @binding(14) var<storage, read_write> dd: array<f32>;

// Four numbers of each of four places, and of the 16 rows of a tile `by` further on; one function per binding, because not
// every browser lets functions take pointers to storage.
fn x4(at: vec4u) -> mat4x4f {
  return mat4x4f(x[at.x], x[at.y], x[at.z], x[at.w]);
}

fn values4(at: vec4u) -> mat4x4f {
  return mat4x4f(values[at.x], values[at.y], values[at.z], values[at.w]);
}

fn bc4(at: vec4u) -> mat4x4f {
  return mat4x4f(bc[at.x], bc[at.y], bc[at.z], bc[at.w]);
}

fn scores4(at: vec4u) -> mat4x4f {
  return mat4x4f(scores[at.x], scores[at.y], scores[at.z], scores[at.w]);
}

fn states4(at: vec4u) -> mat4x4f {
  return mat4x4f(states[at.x], states[at.y], states[at.z], states[at.w]);
}

fn d_states4(at: vec4u) -> mat4x4f {
  return mat4x4f(d_states[at.x], d_states[at.y], d_states[at.z], d_states[at.w]);
}

fn record4(at: vec4u) -> mat4x4f {
  return mat4x4f(record[at.x], record[at.y], record[at.z], record[at.w]);
}

fn rows_of_x(at: Places, by: u32) -> Tile {
  return tile_of(x4(at.a + by), x4(at.b + by), x4(at.c + by), x4(at.d + by));
}

fn rows_of_values(at: Places, by: u32) -> Tile {
  return tile_of(values4(at.a + by), values4(at.b + by), values4(at.c + by), values4(at.d + by));
}

fn rows_of_record(at: Places, by: u32) -> Tile {
  return tile_of(record4(at.a + by), record4(at.b + by), record4(at.c + by), record4(at.d + by));
}

fn sums_over_heads(chunks: u32, index: u32) -> u32 {
  return record_of(chunks * layer.heads) + index * 2u * PAIRS;
}

// The pairs of a block of 16 frames i (rows of the tile) and a tile of four frames j (columns) of one chunk: what the decays'
// gradients need of each head, and the sum over the heads.
@compute @workgroup_size(64)
fn pairs(@builtin(global_invocation_id) id: vec3u) {
  let stride = layer.heads * layer.head_dim;
  let chunks = arrayLength(&x) / (stride * layer.frames) * chunk_count();
  let index = id.x / (BLOCKS * TILES);
  if (index >= chunks) { return; }
  let block = id.x / TILES % BLOCKS;
  let tile = id.x % TILES;
  // Frames j after the block count nothing.
  let end = select(0u, 4u * (block + 1u), tile < 4u * (block + 1u));
  let chunk = chunk_of(index);
  let own = places_of_frames(chunk, 16u * block, stride, id.x % SHARING);
  let others = frames4(chunk, 4u * tile) * stride;
  // Columns: frames i, rows: frames j.
  var sums = Tile();
  for (var head = 0u; head < layer.heads; head++) {
    // Said outright: a variable only declared in a loop kept the last round's value (Dawn on lavapipe).
    var products = Tile();
    for (var p = head * layer.head_dim; p < (head + 1u) * layer.head_dim; p++) {
      add_product(&products, transpose(x4(others + p)), rows_of_values(own, p));
    }
    let of_head = index * layer.heads + head;
    let to = record_of(of_head);
    var of_dts = dts_between(chunk, head, 16u * block, 4u * tile);
    for (var other = 4u * block; other < end; other++) {
      let of_tile = part_of(products, other % 4u);
      let pairs = transpose(of_tile);
      let at = 4u * tile * TILES + other + vec4u(0u, TILES, 2u * TILES, 3u * TILES);
      let found = scores4(of_head * 2u * PAIRS + at);
      record[to + at.x] = pairs[0] * found[0];
      record[to + at.y] = pairs[1] * found[1];
      record[to + at.z] = pairs[2] * found[2];
      record[to + at.w] = pairs[3] * found[3];
      if (tile == other) {
        record[to + DIAGONAL + tile] = vec4f(pairs[0].x, pairs[1].y, pairs[2].z, pairs[3].w);
      }
      let weights = weights_of_pairs(chunk, head, 4u * other, 4u * tile, &of_dts);
      add_to_part(&sums, other % 4u, columns_product(of_tile, weights));
    }
  }
  let to = sums_over_heads(chunks, index);
  for (var other = 4u * block; other < end; other++) {
    let of_i = part_of(sums, other % 4u);
    let of_j = transpose(of_i);
    for (var r = 0u; r < 4u; r++) {
      record[to + (4u * tile + r) * TILES + other] = of_j[r];
      record[to + PAIRS + (4u * other + r) * TILES + tile] = of_i[r];
    }
  }
}

// Rows: a block of 16 frames, columns: four numbers n, of dC or of dB, with w_ij the sums that `pairs` leaves:
//   dC_i = Σ_{j<=i} w_ij B_j + Σ_heads exp(s_i) G_i S,
//   dB_j = Σ_{i>=j} w_ij C_i + Σ_heads kappa_j exp(s_Q - s_j) x_j dS.
@compute @workgroup_size(64)
fn gradient_bc(@builtin(global_invocation_id) id: vec3u) {
  let chunks = arrayLength(&bc) / (2u * layer.d_state * layer.frames) * chunk_count();
  let columns = padded(layer.d_state);
  let index = id.x / (BLOCKS * columns);
  if (index >= chunks) { return; }
  let block = id.x / columns % BLOCKS;
  let chunk = chunk_of(index);
  if (16u * block >= chunk.length) { return; }
  let own_n = id.x % columns;
  let n = min(own_n, layer.d_state - 1u);
  let lane = id.x % SHARING;
  let is_of_b = id.z == 1u;
  let stride = layer.heads * layer.head_dim;
  let places = places_of_frames(chunk, 16u * block, stride, lane);
  let own = select(layer.d_state, 0u, is_of_b) + n;
  let tiles = (chunk.length + 3u) / 4u;
  let own_end = min(4u * (block + 1u), tiles);
  // Columns: frames, rows: numbers n.
  var sum = Tile();
  for (var head = 0u; head < layer.heads; head++) {
    let of_head = index * layer.heads + head;
    var part = Tile();
    if (is_of_b) {
      part = through_state_gradient(places, head, of_head, n);
    } else {
      part = through_state(places, head, of_head, n);
    }
    let row = index / chunk_count() * layer.heads + head;
    let of_chunk = decays_of_chunk(row, index % chunk_count());
    let to = record_of(of_head) + dots_of_states(id.z) + n;
    for (var tile = 4u * block; tile < own_end; tile++) {
      let of_tile = part_of(part, tile % 4u);
      let decayed = columns_times(of_tile, decays[of_chunk + select(0u, TILES, is_of_b) + tile]);
      let partners = bc4(frames4(chunk, 4u * tile) * 2u * layer.d_state + own);
      record[to + tile * layer.d_state] = vec4f(
        dot(decayed[0], partners[0]),
        dot(decayed[1], partners[1]),
        dot(decayed[2], partners[2]),
        dot(decayed[3], partners[3]),
      );
      let factors = decays[of_chunk + select(0u, 2u * TILES, is_of_b) + tile];
      add_to_part(&sum, tile % 4u, columns_times(of_tile, factors));
    }
  }
  let pairs = sums_over_heads(chunks, index) + select(PAIRS, 0u, is_of_b);
  let of_block = places_of_pairs(pairs, block, lane);
  let end = select(own_end, tiles, is_of_b);
  let of_others = select(0u, layer.d_state, is_of_b) + n;
  for (var other = select(0u, 4u * block, is_of_b); other < end; other++) {
    let partners = bc4(frames4(chunk, 4u * other) * 2u * layer.d_state + of_others);
    add_product(&sum, partners, rows_of_record(of_block, other));
  }
  if (own_n >= layer.d_state) { return; }
  for (var tile = 4u * block; tile < own_end; tile++) {
    let of_tile = part_of(sum, tile % 4u);
    let at = frames4(chunk, 4u * tile) * 2u * layer.d_state + own;
    // Frames past the end are not there.
    let exists = 4u * tile + vec4u(0u, 1u, 2u, 3u) < vec4u(chunk.length);
    out[at.x] = of_tile[0];
    if (exists.y) { out[at.y] = of_tile[1]; }
    if (exists.z) { out[at.z] = of_tile[2]; }
    if (exists.w) { out[at.w] = of_tile[3]; }
  }
}

// Σ_p of a head's gradients (places of 16 frames) times its state before the chunk.
fn through_state(places: Places, head: u32, of_head: u32, n: u32) -> Tile {
  var result = Tile();
  let state = place_of_state(of_head, n);
  for (var p = 0u; p < layer.head_dim; p++) {
    let others = states4(state + 4u * p * layer.d_state);
    add_product(&result, others, rows_of_values(places, head * layer.head_dim + p));
  }
  return result;
}

// Σ_p of a head's x times the gradient by its state after the chunk.
fn through_state_gradient(places: Places, head: u32, of_head: u32, n: u32) -> Tile {
  var result = Tile();
  let state = place_of_state(of_head, n);
  for (var p = 0u; p < layer.head_dim; p++) {
    let others = d_states4(state + 4u * p * layer.d_state);
    add_product(&result, others, rows_of_x(places, head * layer.head_dim + p));
  }
  return result;
}

fn place_of_state(of_head: u32, n: u32) -> vec4u {
  return of_head * 4u * layer.head_dim * layer.d_state + n + vec4u(0u, 1u, 2u, 3u) * layer.d_state;
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
    for (var t = 0u; t < row_blocks() * layer.d_state; t++) { overlap += record[start + OVERLAP + t]; }
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
