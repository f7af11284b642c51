// What the forms of the matrix product share: out = op(A) op(B) + bias + residual. M, N rows and columns of out; K the
// summed dimension. A is [M, K] or transposed [K, M], B is [K, N] or transposed [N, K]. Workgroup z walks the batches and,
// for each part of K, the batches again (then `out` holds all partial products of one part after the other).
// The blocks of A and B come from matmul_f32, matmul_halves or matmul_f16, in f32 or f16; sums are in f32.
// Sizes are uniforms, so that all products of one form share a pipeline; not so the transpositions of blocks: a branch
// in the innermost loop takes SwiftShader twice as long.

override transpose_a: bool = false;
override transpose_b: bool = false;

struct Sizes {
  m: u32,
  n: u32,
  k: u32,
  batches: u32,
  // Numbers of K in a part.
  part_length: u32,
  // Of the dispatch: a long product takes several.
  first_row: u32,
  has_bias: u32,
  has_residual: u32,
  // Tiles beside each other in a workgroup.
  group_columns: u32,
  // From one number of K to the next in A and in B, from one row of op(A) to the next, from one column of op(B), from one
  // row of out.
  step_a: u32,
  step_b: u32,
  row_step_a: u32,
  column_step_b: u32,
  row_step_out: u32,
  // From one matrix of a batch to the next.
  batch_step_a: u32,
  batch_step_b: u32,
  batch_step_out: u32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> residual: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read> bias4: array<vec4f>;
@group(0) @binding(3) var<storage, read> residual4: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> out4: array<vec4f>;

@group(0) @binding(5) var<uniform> sizes: Sizes;

// What workgroup z makes: the numbers of K that it sums, of which matrix of the batch, and where these products begin in out.
struct Share {
  begin: u32,
  end: u32,
  batch: u32,
  out: u32,
}

// With one division: a software adapter takes as long for it as for a load.
fn share_of(z: u32) -> Share {
  let part = z / sizes.batches;
  let batch = z - part * sizes.batches;
  let begin = part * sizes.part_length;
  let out = part * sizes.batches * sizes.m * sizes.n + batch * sizes.batch_step_out;
  return Share(begin, min(begin + sizes.part_length, sizes.k), batch, out);
}

// Where the 4x4 blocks of B for one column of tiles lie, in vec4s.
struct Blocks {
  at: u32,
  // From one vec4 of a block to the next, and from one block to the next.
  step: u32,
  advance: u32,
}

fn blocks_of_b(share: Share, column: u32) -> Blocks {
  let start = share.batch * sizes.batch_step_b / 4u;
  if (transpose_b) {
    let step = sizes.column_step_b / 4u;
    return Blocks(start + column * step + share.begin / 4u, step, 1u);
  }
  let step = sizes.step_b / 4u;
  return Blocks(start + share.begin * step + column / 4u, step, sizes.step_b);
}

// Four rows of B, as columns.
fn block_of_b(blocks: Blocks, index: u32) -> Block {
  let at = blocks.at + index * blocks.advance;
  let found = Block(b_at(at), b_at(at + blocks.step), b_at(at + 2u * blocks.step), b_at(at + 3u * blocks.step));
  if (transpose_b) { return transpose(found); }
  return found;
}

// The bias of columns `column` to `column + 3`, for four rows. Chosen without a branch: with many numbers in registers
// every branch takes SwiftShader long to compile.
fn first_rows(column: u32) -> mat4x4f {
  let of_columns = select(vec4f(), bias4[column / 4u], sizes.has_bias == 1u);
  return mat4x4f(of_columns, of_columns, of_columns, of_columns);
}

// The four rows of out from `row` on, in vec4s. Past the end the last rows again, which are then stored twice, with the
// same numbers: A's rows are repeated alike.
fn places_of_rows(share: Share, row: u32, column: u32) -> vec4u {
  var rows = min(row + vec4u(0u, 1u, 2u, 3u), vec4u(sizes.m - 1u));
  if (transpose_a) { rows = min(row, sizes.m - 4u) + vec4u(0u, 1u, 2u, 3u); }
  return (share.out + rows * sizes.row_step_out + column) / 4u;
}

fn residual_rows(at: vec4u) -> mat4x4f {
  return mat4x4f(residual4[at.x], residual4[at.y], residual4[at.z], residual4[at.w]);
}

fn store_rows(at: vec4u, rows: mat4x4f) {
  out4[at.x] = rows[0];
  out4[at.y] = rows[1];
  out4[at.z] = rows[2];
  out4[at.w] = rows[3];
}
