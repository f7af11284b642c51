// What the forms of the matrix product share: out = op(A) op(B) + bias + residual. M, N rows and columns of out; K the
// summed dimension. A is [M, K] or transposed [K, M], B is [K, N] or transposed [N, K]. Workgroup z walks the batches, or
// the parts of K (then `out` holds one partial product per part).
// Sizes are uniforms or follow from the lengths of the bindings, so that all products of one form share a pipeline.

struct Sizes {
  n: u32,
  parts: u32,
  has_bias: u32,
  has_residual: u32,
}

override transpose_a: bool = false;
override transpose_b: bool = false;
override group_columns: u32 = 8u;

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

fn rows_of_b(start: u32, row: u32, width: u32) -> mat4x4f {
  let at = start + row * width;
  return mat4x4f(b4[at], b4[at + width], b4[at + 2u * width], b4[at + 3u * width]);
}

// The block of B at rows `at` to `at + 3` and columns `column` to `column + 3`, as rows.
fn block_of_b(start: u32, at: u32, column: u32, k: u32) -> mat4x4f {
  if (transpose_b) { return transpose(rows_of_b(start + at / 4u, column, k / 4u)); }
  return rows_of_b(start + column / 4u, at, sizes.n / 4u);
}

fn store_vec4(z: u32, m: u32, row: u32, column: u32, values: vec4f) {
  if (row >= m) { return; }
  let at = ((z * m + row) * sizes.n + column) / 4u;
  var value = values;
  if (sizes.has_bias == 1u) { value += bias4[column / 4u]; }
  if (sizes.has_residual == 1u) { value += residual4[at]; }
  out4[at] = value;
}

fn store_rows(z: u32, m: u32, row: u32, column: u32, tile: mat4x4f) {
  store_vec4(z, m, row, column, tile[0]);
  store_vec4(z, m, row + 1u, column, tile[1]);
  store_vec4(z, m, row + 2u, column, tile[2]);
  store_vec4(z, m, row + 3u, column, tile[3]);
}
