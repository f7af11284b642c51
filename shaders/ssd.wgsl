// The state-space layer in chunks of Q frames (Dao and Gu, 2024; REALM, section 1.3). B batch, T frames, H heads,
// P head_dim, N d_state, both multiples of 4. An invocation owns a tile of 16 x 4 numbers in registers and reads its
// operands from memory: no workgroup memory and no barriers, which software adapters pay dearly.
// `states` and `scan` serve the gradient too, with frames and chunks in the opposite order.

@group(0) @binding(1) var<storage, read> values: array<vec4f>;
// [B, T, 2N]: B, then C.
@group(0) @binding(2) var<storage, read> bc: array<vec4f>;
@group(0) @binding(3) var<storage, read> dt: array<f32>;
@group(0) @binding(4) var<storage, read> a_log: array<f32>;
@group(0) @binding(5) var<storage, read> d: array<f32>;
// State before each chunk forward, gradient by the state after each chunk backward: [B, chunks, H, P, N].
@group(0) @binding(6) var<storage, read> states: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> new_states: array<vec4f>;
// As `decays_of_chunk` says.
@group(0) @binding(8) var<storage, read> decays: array<vec4f>;
@group(0) @binding(9) var<storage, read_write> new_decays: array<vec4f>;
// kappa_j (C_i B_j) exp(s_i - s_j) of each head and chunk [B, chunks, H] as pairs in both orders; 0 for j > i, and not there
// for i < 16 <= j.
@group(0) @binding(10) var<storage, read> scores: array<vec4f>;
@group(0) @binding(11) var<storage, read_write> new_scores: array<vec4f>;
@group(0) @binding(12) var<storage, read> boundary: array<vec4f>;
@group(0) @binding(13) var<storage, read_write> new_boundary: array<vec4f>;
@group(0) @binding(14) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(15) var<storage, read_write> record: array<vec4f>;

// Four numbers of each of four places, and of the 16 rows of a tile `by` further on; one function per binding, because not
// every browser lets functions take pointers to storage.
fn values4(at: vec4u) -> mat4x4f {
  return mat4x4f(values[at.x], values[at.y], values[at.z], values[at.w]);
}

fn bc4(at: vec4u) -> mat4x4f {
  return mat4x4f(bc[at.x], bc[at.y], bc[at.z], bc[at.w]);
}

fn states4(at: vec4u) -> mat4x4f {
  return mat4x4f(states[at.x], states[at.y], states[at.z], states[at.w]);
}

fn scores4(at: vec4u) -> mat4x4f {
  return mat4x4f(scores[at.x], scores[at.y], scores[at.z], scores[at.w]);
}

fn boundary4(at: vec4u) -> mat4x4f {
  return mat4x4f(boundary[at.x], boundary[at.y], boundary[at.z], boundary[at.w]);
}

fn rows_of_values(at: Places, by: u32) -> Tile {
  return tile_of(values4(at.a + by), values4(at.b + by), values4(at.c + by), values4(at.d + by));
}

fn rows_of_bc(at: Places, by: u32) -> Tile {
  return tile_of(bc4(at.a + by), bc4(at.b + by), bc4(at.c + by), bc4(at.d + by));
}

fn rows_of_scores(at: Places, by: u32) -> Tile {
  return tile_of(scores4(at.a + by), scores4(at.b + by), scores4(at.c + by), scores4(at.d + by));
}

// Of each block of 16 frames i and tile of four frames j an invocation makes the scores of all heads; those after the
// first B * chunks * BLOCKS * TILES make the decays of a tile of frames.
@compute @workgroup_size(64)
fn prepare(@builtin(global_invocation_id) id: vec3u) {
  let chunks = arrayLength(&bc) / (2u * layer.d_state * layer.frames) * chunk_count();
  let pairs = chunks * BLOCKS * TILES;
  if (id.x < pairs) {
    score_tile(id.x / (BLOCKS * TILES), id.x / TILES % BLOCKS, id.x % TILES, id.x % SHARING);
  } else if (id.x - pairs < chunks * layer.heads * TILES) {
    decay_tile((id.x - pairs) / TILES, (id.x - pairs) % TILES);
  }
}

fn score_tile(index: u32, block: u32, tile: u32, lane: u32) {
  let chunk = chunk_of(index);
  let stride = 2u * layer.d_state;
  let c = places_of_frames(chunk, 16u * block, stride, lane);
  let b = frames4(chunk, 4u * tile) * stride;
  // Columns: frames i, rows: frames j.
  var products = Tile();
  for (var n = 0u; n < layer.d_state; n++) {
    add_product(&products, transpose(bc4(b + n)), rows_of_bc(c, layer.d_state + n));
  }
  if (tile >= 4u * (block + 1u)) { return; }
  for (var head = 0u; head < layer.heads; head++) {
    let to = (index * layer.heads + head) * 2u * PAIRS;
    var sums = dts_between(chunk, head, 16u * block, 4u * tile);
    for (var other = 4u * block; other < 4u * (block + 1u); other++) {
      let weights = weights_of_pairs(chunk, head, 4u * other, 4u * tile, &sums);
      let of_i = columns_product(part_of(products, other % 4u), weights);
      let of_j = transpose(of_i);
      for (var r = 0u; r < 4u; r++) {
        new_scores[to + (4u * tile + r) * TILES + other] = of_j[r];
        new_scores[to + PAIRS + (4u * other + r) * TILES + tile] = of_i[r];
      }
    }
  }
}

// `index` in [B, H, chunks].
fn decay_tile(index: u32, tile: u32) {
  let head = index / chunk_count() % layer.heads;
  let chunk = chunk_of(index / (chunk_count() * layer.heads) * chunk_count() + index % chunk_count());
  let first = 4u * tile;
  let dts = dts_of(chunk, head, first);
  let exists = first + vec4u(0u, 1u, 2u, 3u) < vec4u(chunk.length);
  let counted = select(vec4f(), dts, exists);
  var before = 0.0;
  for (var k = 0u; k < first; k++) { before += dt_of(chunk, head, k); }
  var after = 0.0;
  for (var k = first + 4u; k < chunk.length; k++) { after += dt_of(chunk, head, k); }
  let rate = -exp(a_log[chunk.parameters + head]);
  let from_begin = vec4f(0.0, counted.x, counted.x + counted.y, counted.x + counted.y + counted.z) + counted + before;
  let to_end = vec4f(counted.y + counted.z + counted.w, counted.z + counted.w, counted.w, 0.0) + after;
  let to = index * 3u * TILES + tile;
  new_decays[to] = select(vec4f(), decay4(rate * from_begin), exists);
  let of_end = select(vec4f(), decay4(rate * to_end), exists);
  new_decays[to + TILES] = of_end;
  new_decays[to + 2u * TILES] = of_end * select(vec4f(1.0), dts, layer.scale_by_dt == 1u);
}

// What a tile of frames takes from the state before the chunk, or else gives to the state after it.
fn factors_of_frames(tile: u32, by_begin: bool) -> vec4f {
  return decays[select(tile + 2u * TILES, tile, by_begin)];
}

// Rows 4 block to 4 block + 3 of the state of P rows that begins at row `origin`, in vec4s.
fn places_of_state(origin: u32, block: u32, n: u32) -> vec4u {
  return (origin + 4u * block + vec4u(0u, 1u, 2u, 3u)) * layer.d_state + n;
}

// The state before each chunk, from the first chunk on: S <- exp(s_Q) S + Σ_j kappa_j exp(s_Q - s_j) x_j B_j^T.
// Backward the gradient by the state after each chunk, from the last chunk on: dS <- exp(s_Q) dS + Σ_i exp(s_i) G_i C_i^T,
// and into `record` the tile's share of exp(s_Q) <S, dS>, which every decay of the chunk gets.
// Rows: 16 numbers p of a head, columns: four numbers n.
@compute @workgroup_size(64)
fn states_of_chunks(@builtin(global_invocation_id) id: vec3u) {
  let columns = padded(layer.d_state);
  let row_block = id.x / columns;
  if (row_block >= row_blocks()) { return; }
  let own_n = id.x % columns;
  let n = min(own_n, layer.d_state - 1u);
  let is_backward = layer.backward == 1u;
  let batch = id.z / layer.heads;
  let head = id.z % layer.heads;
  let blocks = min(4u * row_block + vec4u(0u, 1u, 2u, 3u), vec4u(layer.head_dim - 1u));
  // Repeated rows and the lanes past the last column store nothing.
  let own_blocks = select(0u, min(4u, layer.head_dim - 4u * row_block), own_n < layer.d_state);
  let edge = id.z * 4u * layer.head_dim;
  var state = Tile();
  for (var m = 0u; m < layer.has_boundary * own_blocks; m++) {
    add_to_part(&state, m, boundary4(places_of_state(edge, 4u * row_block + m, n)));
  }
  let stride = layer.heads * layer.head_dim;
  for (var k = 0u; k < chunk_count(); k++) {
    let in_layer = select(k, chunk_count() - 1u - k, is_backward);
    let index = batch * chunk_count() + in_layer;
    let chunk = chunk_of(index);
    let of_frames = decays_of_chunk(id.z, in_layer);
    let origin = (index * layer.heads + head) * 4u * layer.head_dim;
    let decay = decays[of_frames + (chunk.length - 1u) / 4u][(chunk.length - 1u) % 4u];
    var shares = vec4f();
    for (var m = 0u; m < own_blocks; m++) {
      let rows = part_of(state, m);
      let at = places_of_state(origin, 4u * row_block + m, n);
      new_states[at.x] = rows[0];
      new_states[at.y] = rows[1];
      new_states[at.z] = rows[2];
      new_states[at.w] = rows[3];
      if (is_backward) {
        shares += rows[0] * states[at.x] + rows[1] * states[at.y] + rows[2] * states[at.z] + rows[3] * states[at.w];
      }
    }
    if (is_backward && own_blocks > 0u) {
      record[record_of(index * layer.heads + head) + OVERLAP + row_block * layer.d_state + n] = decay * shares;
    }
    state.a *= decay;
    state.b *= decay;
    state.c *= decay;
    state.d *= decay;
    for (var tile = 0u; 4u * tile < chunk.length; tile++) {
      let frames = frames4(chunk, 4u * tile);
      let rows = frames * stride + head * layer.head_dim;
      let places = places_of_rows(rows + blocks.x, rows + blocks.y, rows + blocks.z, rows + blocks.w, id.x % SHARING);
      let others = bc4(frames * 2u * layer.d_state + n + select(0u, layer.d_state, is_backward));
      let factors = factors_of_frames(of_frames + tile, is_backward);
      add_product(&state, columns_times(others, factors), transposed(rows_of_values(places, 0u)));
    }
  }
  for (var m = 0u; m < own_blocks; m++) {
    let rows = part_of(state, m);
    let at = places_of_state(edge, 4u * row_block + m, n);
    new_boundary[at.x] = rows[0];
    new_boundary[at.y] = rows[1];
    new_boundary[at.z] = rows[2];
    new_boundary[at.w] = rows[3];
  }
}

// Rows: a block of 16 frames, columns: four numbers of one head.
//   forward   y_i = Σ_{j<=i} scores_ij x_j + exp(s_i) S C_i + D x_i,
//   backward dx_j = Σ_{i>=j} scores_ij G_i + kappa_j exp(s_Q - s_j) dS B_j + D G_j.
// Directions differ by numbers chosen, not by branches, of which software adapters run both sides.
@compute @workgroup_size(64)
fn scan(@builtin(global_invocation_id) id: vec3u) {
  let columns = padded(layer.head_dim);
  let block = id.x / columns;
  let lane = id.x % SHARING;
  let head = id.z % layer.heads;
  let index = id.z / layer.heads * chunk_count() + id.y;
  let chunk = chunk_of(index);
  if (16u * block >= chunk.length) { return; }
  let own_p = id.x % columns;
  let p = min(own_p, layer.head_dim - 1u);
  let is_backward = layer.backward == 1u;
  var result = Tile();
  let of_rows = places_of_frames(chunk, 16u * block, 2u * layer.d_state, lane);
  let part = select(layer.d_state, 0u, is_backward);
  let of_state = places_of_state((index * layer.heads + head) * 4u * layer.head_dim, p, 0u);
  for (var n = 0u; n < layer.d_state; n++) {
    add_product(&result, transpose(states4(of_state + n)), rows_of_bc(of_rows, part + n));
  }
  let of_frames = decays_of_chunk(id.z, id.y) + 4u * block;
  result.a = columns_times(result.a, factors_of_frames(of_frames, !is_backward));
  result.b = columns_times(result.b, factors_of_frames(of_frames + 1u, !is_backward));
  result.c = columns_times(result.c, factors_of_frames(of_frames + 2u, !is_backward));
  result.d = columns_times(result.d, factors_of_frames(of_frames + 3u, !is_backward));
  let own = head * layer.head_dim + p;
  let stride = layer.heads * layer.head_dim;
  let pairs = (index * layer.heads + head) * 2u * PAIRS + select(PAIRS, 0u, is_backward);
  let of_block = places_of_pairs(pairs, block, lane);
  let tiles = (chunk.length + 3u) / 4u;
  let end = select(min(4u * (block + 1u), tiles), tiles, is_backward);
  for (var other = select(0u, 4u * block, is_backward); other < end; other++) {
    let partners = values4(frames4(chunk, 4u * other) * stride + own);
    add_product(&result, partners, rows_of_scores(of_block, other));
  }
  if (own_p >= layer.head_dim) { return; }
  let skip = d[chunk.parameters + head];
  for (var tile = 4u * block; tile < min(4u * (block + 1u), tiles); tile++) {
    let of_tile = part_of(result, tile % 4u);
    let at = frames4(chunk, 4u * tile) * stride + own;
    // Frames past the end are not there.
    let exists = 4u * tile + vec4u(0u, 1u, 2u, 3u) < vec4u(chunk.length);
    out[at.x] = of_tile[0] + skip * values[at.x];
    if (exists.y) { out[at.y] = of_tile[1] + skip * values[at.y]; }
    if (exists.z) { out[at.z] = of_tile[2] + skip * values[at.z]; }
    if (exists.w) { out[at.w] = of_tile[3] + skip * values[at.w]; }
  }
}
