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
  let share = share_of(group.z);
  let blocks = blocks_of_b(share, column);
  let start = share.batch * sizes.batch_step_a / 4u;
  // The vec4s of a block of A. Past the end the last row is repeated.
  var places = start + min(row + vec4u(0u, 1u, 2u, 3u), vec4u(sizes.m - 1u)) * (sizes.row_step_a / 4u) + share.begin / 4u;
  var advance = 1u;
  if (transpose_a) {
    places = start + (share.begin + vec4u(0u, 1u, 2u, 3u)) * (sizes.step_a / 4u) + row / 4u;
    advance = sizes.step_a;
  }
  var rows = first_rows(column);
  for (var i = 0u; i < (share.end - share.begin) / 4u; i++) {
    let at = places + i * advance;
    // Column r is row r of A's block, so that column r of the product is row r of the tile.
    var of_a = Block(a_at(at.x), a_at(at.y), a_at(at.z), a_at(at.w));
    if (transpose_a) { of_a = transpose(of_a); }
    rows += mat4x4f(block_of_b(blocks, i) * of_a);
  }
  let to = places_of_rows(share, row, column);
  if (sizes.has_residual == 1u) { rows += residual_rows(to); }
  store_rows(to, rows);
}

fn store_scalars(share: Share, row: u32, column: u32, values: vec4f) {
  if (row >= sizes.m) { return; }
  for (var c = 0u; c < 4u && column + c < sizes.n; c++) {
    let at = share.out + row * sizes.row_step_out + column + c;
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
  let share = share_of(group.z);
  let rows = min(row + vec4u(0u, 1u, 2u, 3u), vec4u(sizes.m - 1u));
  let columns = min(column + vec4u(0u, 1u, 2u, 3u), vec4u(sizes.n - 1u));
  let start_a = share.batch * sizes.batch_step_a + rows * sizes.row_step_a;
  let start_b = share.batch * sizes.batch_step_b + columns * sizes.column_step_b;
  var result = mat4x4f();
  for (var at = share.begin; at < share.end; at++) {
    let i = start_a + at * sizes.step_a;
    let j = start_b + at * sizes.step_b;
    let of_b = vec4f(b[j.x], b[j.y], b[j.z], b[j.w]);
    result += mat4x4f(a[i.x] * of_b, a[i.y] * of_b, a[i.z] * of_b, a[i.w] * of_b);
  }
  store_scalars(share, row, column, result[0]);
  store_scalars(share, row + 1u, column, result[1]);
  store_scalars(share, row + 2u, column, result[2]);
  store_scalars(share, row + 3u, column, result[3]);
}
