// out = op(A) op(B) + bias + residual, a 4x4 tile of out per invocation, kept in registers.
// M, N rows and columns of out; K the summed dimension. A is [M, K] or transposed [K, M], B is [K, N] or transposed
// [N, K]. Workgroup z walks the batches, or the parts of K (then `out` holds one partial product per part).
// Sizes are uniforms or follow from the lengths of the bindings, so that all products of one form share a pipeline.
// No workgroup memory: the cache serves the reuse, and software adapters have nothing faster.

struct Sizes {
  n: u32,
  parts: u32,
  has_bias: u32,
  has_residual: u32,
}

override transpose_a: bool = false;
override transpose_b: bool = false;
override group_columns: u32 = 8u;
override group_rows: u32 = 8u;

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(0) var<storage, read> a4: array<vec4f>;
@group(0) @binding(1) var<storage, read> b4: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias4: array<vec4f>;
@group(0) @binding(3) var<storage, read> residual4: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> out4: array<vec4f>;

@group(0) @binding(5) var<uniform> sizes: Sizes;

// The range of K that workgroup z sums.
fn range_of_part(z: u32, k: u32) -> vec2u {
  let length = ((k + 3u) / 4u + sizes.parts - 1u) / sizes.parts * 4u;
  let begin = z % sizes.parts * length;
  return vec2u(begin, min(begin + length, k));
}

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

fn rows_of_b(start: u32, row: u32, width: u32) -> mat4x4f {
  let at = start + row * width;
  return mat4x4f(b4[at], b4[at + width], b4[at + 2u * width], b4[at + 3u * width]);
}

fn store_vec4(z: u32, m: u32, row: u32, column: u32, values: vec4f) {
  if (row >= m) { return; }
  let at = ((z * m + row) * sizes.n + column) / 4u;
  var value = values;
  if (sizes.has_bias == 1u) { value += bias4[column / 4u]; }
  if (sizes.has_residual == 1u) { value += residual4[at]; }
  out4[at] = value;
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
    var of_b: mat4x4f;
    if (transpose_a) { of_a = transpose(rows_of_a(start_a + row / 4u, at, k, m / 4u)); }
    else { of_a = rows_of_a(start_a + at / 4u, row, m, k / 4u); }
    if (transpose_b) { of_b = transpose(rows_of_b(start_b + at / 4u, column, k / 4u)); }
    else { of_b = rows_of_b(start_b + column / 4u, at, sizes.n / 4u); }
    // Column r of `of_a` is row r of A's block, so that column r of the product is row r of the tile.
    tile += of_b * of_a;
  }
  store_vec4(id.z, m, row, column, tile[0]);
  store_vec4(id.z, m, row + 1u, column, tile[1]);
  store_vec4(id.z, m, row + 2u, column, tile[2]);
  store_vec4(id.z, m, row + 3u, column, tile[3]);
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
