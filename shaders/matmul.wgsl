// The matrix product, a 4x4 tile of out per invocation, kept in registers; on any adapter, for any size.
// No workgroup memory: the cache serves the reuse, and software adapters have nothing faster.

override group_rows: u32 = 8u;

// Rows `row` to `row + 3`, as columns, of a matrix that begins at vec4 `start` and has `width` vec4s per row. Past the
// end the last row is repeated: `store_vec4` leaves its products out.
fn rows_of_a(start: u32, row: u32, rows: u32, width: u32) -> mat4x4f {
  return mat4x4f(
    a4[start + min(row, rows - 1u) * width],
    a4[start + min(row + 1u, rows - 1u) * width],
    a4[start + min(row + 2u, rows - 1u) * width],
    a4[start + min(row + 3u, rows - 1u) * width],
  );
}

// K, N and the contiguous dimensions of A and B are multiples of 4.
@compute @workgroup_size(group_columns, group_rows)
fn multiply_vec4(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let m = arrayLength(&out4) * 4u / (sizes.n * groups.z);
  let k = arrayLength(&a4) * 4u / (m * groups.z / sizes.parts);
  let column = id.x * 4u;
  let row = id.y * 4u;
  if (row >= m || column >= sizes.n) { return; }
  let batch = id.z / sizes.parts;
  let start_a = batch * m * k / 4u;
  let start_b = batch * k * sizes.n / 4u;
  let part = range_of_part(id.z, k);
  var tile = mat4x4f();
  for (var at = part.x; at < part.y; at += 4u) {
    var of_a: mat4x4f;
    if (transpose_a) { of_a = transpose(rows_of_a(start_a + row / 4u, at, k, m / 4u)); }
    else { of_a = rows_of_a(start_a + at / 4u, row, m, k / 4u); }
    // Column r of `of_a` is row r of A's block, so that column r of the product is row r of the tile.
    tile += block_of_b(start_b, at, column, k) * of_a;
  }
  store_rows(id.z, m, row, column, tile);
}

fn store_scalars(z: u32, m: u32, row: u32, column: u32, values: vec4f) {
  if (row >= m) { return; }
  for (var c = 0u; c < 4u && column + c < sizes.n; c++) {
    let at = (z * m + row) * sizes.n + column + c;
    var value = values[c];
    if (sizes.has_bias == 1u) { value += bias[column + c]; }
    if (sizes.has_residual == 1u) { value += residual[at]; }
    out[at] = value;
  }
}

// Any size. Rows and columns past the end repeat the last.
@compute @workgroup_size(group_columns, group_rows)
fn multiply_scalar(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let m = arrayLength(&out) / (sizes.n * groups.z);
  let k = arrayLength(&a) / (m * groups.z / sizes.parts);
  let column = id.x * 4u;
  let row = id.y * 4u;
  if (row >= m || column >= sizes.n) { return; }
  let batch = id.z / sizes.parts;
  let rows = min(row + vec4u(0u, 1u, 2u, 3u), vec4u(m - 1u));
  let columns = min(column + vec4u(0u, 1u, 2u, 3u), vec4u(sizes.n - 1u));
  let step_a = select(1u, m, transpose_a);
  let step_b = select(sizes.n, 1u, transpose_b);
  let start_a = batch * m * k + rows * select(k, 1u, transpose_a);
  let start_b = batch * k * sizes.n + columns * select(1u, k, transpose_b);
  let part = range_of_part(id.z, k);
  var tile = mat4x4f();
  for (var at = part.x; at < part.y; at++) {
    let i = start_a + at * step_a;
    let j = start_b + at * step_b;
    let of_b = vec4f(b[j.x], b[j.y], b[j.z], b[j.w]);
    tile += mat4x4f(a[i.x] * of_b, a[i.y] * of_b, a[i.z] * of_b, a[i.w] * of_b);
  }
  store_scalars(id.z, m, row, column, tile[0]);
  store_scalars(id.z, m, row + 1u, column, tile[1]);
  store_scalars(id.z, m, row + 2u, column, tile[2]);
  store_scalars(id.z, m, row + 3u, column, tile[3]);
}
