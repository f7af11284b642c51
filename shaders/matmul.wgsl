// The matrix product, a 4x4 tile of out per invocation, kept in registers; on any adapter, for any size.
// No workgroup memory: the cache serves the reuse, and software adapters have nothing faster.

const GROUP = 64u;

// First row and column of an invocation's tile.
fn tile_of(group: vec3u, index: u32) -> vec2u {
  let group_rows = GROUP / sizes.group_columns;
  return vec2u(
    sizes.first_row + 4u * (group.y * group_rows + index / sizes.group_columns),
    4u * (group.x * sizes.group_columns + index % sizes.group_columns),
  );
}

// K, N and the contiguous dimensions of A and B are multiples of 4.
@compute @workgroup_size(GROUP)
fn multiply_vec4(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  let tile = tile_of(group, index);
  let row = tile.x;
  let column = tile.y;
  if (row >= sizes.m || column >= sizes.n) { return; }
  let part = range_of_part(group.z);
  let blocks = blocks_of_b(group.z, part.x, column);
  let start = group.z % sizes.batches * sizes.batch_step_a / 4u;
  // The vec4s of a block of A. Past the end the last row is repeated.
  var places = start + min(row + vec4u(0u, 1u, 2u, 3u), vec4u(sizes.m - 1u)) * (sizes.row_step_a / 4u) + part.x / 4u;
  var advance = 1u;
  if (transpose_a) {
    places = start + (part.x + vec4u(0u, 1u, 2u, 3u)) * (sizes.step_a / 4u) + row / 4u;
    advance = sizes.step_a;
  }
  var rows = first_rows(column);
  for (var i = 0u; i < (part.y - part.x) / 4u; i++) {
    let at = places + i * advance;
    // Column r is row r of A's block, so that column r of the product is row r of the tile.
    var of_a = Block(a_at(at.x), a_at(at.y), a_at(at.z), a_at(at.w));
    if (transpose_a) { of_a = transpose(of_a); }
    rows += mat4x4f(block_of_b(blocks, i) * of_a);
  }
  let to = places_of_rows(group.z, row, column);
  if (sizes.has_residual == 1u) { rows += residual_rows(to); }
  store_rows(to, rows);
}

fn store_scalars(z: u32, row: u32, column: u32, values: vec4f) {
  if (row >= sizes.m) { return; }
  for (var c = 0u; c < 4u && column + c < sizes.n; c++) {
    let at = start_of_out(z) + row * sizes.row_step_out + column + c;
    var value = values[c];
    if (sizes.has_bias == 1u) { value += bias[column + c]; }
    if (sizes.has_residual == 1u) { value += residual[at]; }
    out[at] = value;
  }
}

// Any size, transposed or not. Rows and columns past the end repeat the last.
@compute @workgroup_size(GROUP)
fn multiply_scalar(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  let tile = tile_of(group, index);
  let row = tile.x;
  let column = tile.y;
  if (row >= sizes.m || column >= sizes.n) { return; }
  let batch = group.z % sizes.batches;
  let rows = min(row + vec4u(0u, 1u, 2u, 3u), vec4u(sizes.m - 1u));
  let columns = min(column + vec4u(0u, 1u, 2u, 3u), vec4u(sizes.n - 1u));
  let start_a = batch * sizes.batch_step_a + rows * sizes.row_step_a;
  let start_b = batch * sizes.batch_step_b + columns * sizes.column_step_b;
  let part = range_of_part(group.z);
  var result = mat4x4f();
  for (var at = part.x; at < part.y; at++) {
    let i = start_a + at * sizes.step_a;
    let j = start_b + at * sizes.step_b;
    let of_b = vec4f(b[j.x], b[j.y], b[j.z], b[j.w]);
    result += mat4x4f(a[i.x] * of_b, a[i.y] * of_b, a[i.z] * of_b, a[i.w] * of_b);
  }
  store_scalars(group.z, row, column, result[0]);
  store_scalars(group.z, row + 1u, column, result[1]);
  store_scalars(group.z, row + 2u, column, result[2]);
  store_scalars(group.z, row + 3u, column, result[3]);
}
