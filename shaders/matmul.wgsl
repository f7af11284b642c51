// out = op(A) op(B) + bias + residual, a 4x4 tile of out per invocation, kept in registers.
// M, N rows and columns of out; K the summed dimension. A is [M, K] or transposed [K, M], B is [K, N] or transposed
// [N, K]. Workgroup z walks the batches, or the parts of K (then `out` holds one partial product per part).
// No workgroup memory: the cache serves the reuse, and software adapters have nothing faster.

override m: u32 = 1u;
override n: u32 = 1u;
override k: u32 = 1u;
override part_length: u32 = 1u;
override parts: u32 = 1u;
override transpose_a: bool = false;
override transpose_b: bool = false;
override has_bias: bool = false;
override has_residual: bool = false;
override group_columns: u32 = 8u;
override group_rows: u32 = 8u;

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(0) var<storage, read> a4: array<vec4f>;
@group(0) @binding(1) var<storage, read> b4: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

// 4 rows by 4 columns of A or B as they lie in memory; rows past the end repeat the last, which `store` leaves out.
fn block_of_a(batch: u32, row: u32, column: u32) -> mat4x4f {
  let rows = select(m, k, transpose_a);
  let width = select(k, m, transpose_a) / 4u;
  let at = batch * rows * width + column / 4u;
  return mat4x4f(
    a4[at + min(row, rows - 1u) * width],
    a4[at + min(row + 1u, rows - 1u) * width],
    a4[at + min(row + 2u, rows - 1u) * width],
    a4[at + min(row + 3u, rows - 1u) * width],
  );
}

fn block_of_b(batch: u32, row: u32, column: u32) -> mat4x4f {
  let rows = select(k, n, transpose_b);
  let width = select(n, k, transpose_b) / 4u;
  let at = batch * rows * width + column / 4u;
  return mat4x4f(
    b4[at + min(row, rows - 1u) * width],
    b4[at + min(row + 1u, rows - 1u) * width],
    b4[at + min(row + 2u, rows - 1u) * width],
    b4[at + min(row + 3u, rows - 1u) * width],
  );
}

// Column r of `tile` is row r of the 4x4 tile of out.
fn store(z: u32, row: u32, column: u32, tile: mat4x4f) {
  var values = tile;
  for (var r = 0u; r < 4u && row + r < m; r++) {
    for (var c = 0u; c < 4u && column + c < n; c++) {
      let at = (z * m + row + r) * n + column + c;
      var value = values[r][c];
      if (has_bias) { value += bias[column + c]; }
      if (has_residual) { value += residual[at]; }
      out[at] = value;
    }
  }
}

// K and the contiguous dimensions of A and B are multiples of 4.
@compute @workgroup_size(group_columns, group_rows)
fn multiply_vec4(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x * 4u;
  let row = id.y * 4u;
  if (row >= m || column >= n) { return; }
  let batch = id.z / parts;
  let begin = id.z % parts * part_length;
  let end = min(begin + part_length, k);
  var tile = mat4x4f();
  for (var at = begin; at < end; at += 4u) {
    var rows: mat4x4f;
    var columns: mat4x4f;
    if (transpose_a) { rows = transpose(block_of_a(batch, at, row)); }
    else { rows = block_of_a(batch, row, at); }
    if (transpose_b) { columns = transpose(block_of_b(batch, column, at)); }
    else { columns = block_of_b(batch, at, column); }
    tile += columns * rows;
  }
  store(id.z, row, column, tile);
}

fn element_of_a(batch: u32, row: u32, at: u32) -> f32 {
  let i = min(row, m - 1u);
  return a[batch * m * k + select(i * k + at, at * m + i, transpose_a)];
}

fn element_of_b(batch: u32, at: u32, column: u32) -> f32 {
  let j = min(column, n - 1u);
  return b[batch * k * n + select(at * n + j, j * k + at, transpose_b)];
}

// Any size.
@compute @workgroup_size(group_columns, group_rows)
fn multiply_scalar(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x * 4u;
  let row = id.y * 4u;
  if (row >= m || column >= n) { return; }
  let batch = id.z / parts;
  let begin = id.z % parts * part_length;
  let end = min(begin + part_length, k);
  var tile = mat4x4f();
  for (var at = begin; at < end; at++) {
    let of_b = vec4f(
      element_of_b(batch, at, column),
      element_of_b(batch, at, column + 1u),
      element_of_b(batch, at, column + 2u),
      element_of_b(batch, at, column + 3u),
    );
    tile += mat4x4f(
      element_of_a(batch, row, at) * of_b,
      element_of_a(batch, row + 1u, at) * of_b,
      element_of_a(batch, row + 2u, at) * of_b,
      element_of_a(batch, row + 3u, at) * of_b,
    );
  }
  store(id.z, row, column, tile);
}
