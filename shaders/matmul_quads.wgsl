// The matrix product where there are subgroups: 16 rows by 4 columns of out per invocation. The lanes of a quad share
// the loads of A and pass them round, so that a number of A is loaded by one lane in four and a number of B serves 16
// rows: twice as fast as 4x4 tiles on lavapipe and SwiftShader, whose loads cost more than their arithmetic.
enable subgroups;

override group_columns: u32 = 32u;

const ROWS = 16u;

// Four rows of A of which each lane of the quad has loaded one, or, transposed, the same columns of four rows.
fn rows_of_quad(own: Four) -> Block {
  let all = Block(
    quadBroadcast(own, 0u),
    quadBroadcast(own, 1u),
    quadBroadcast(own, 2u),
    quadBroadcast(own, 3u),
  );
  if (transpose_a) { return transpose(all); }
  return all;
}

// K, N and the contiguous dimensions of A and B are multiples of 4. All lanes of a workgroup share their rows.
@compute @workgroup_size(group_columns)
fn multiply_quads(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) index: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let row = sizes.first_row + group.y * ROWS;
  // Past the end a lane computes the last columns again: its quad needs what it loads.
  let own_column = (group.x * group_columns + index) * 4u;
  let column = min(own_column, sizes.n - 4u);
  let part = range_of_part(group.z);
  let blocks = blocks_of_b(group.z, part.x, column);
  let start = group.z % sizes.batches * sizes.batch_step_a / 4u;
  // Lane q of a quad loads rows 4 r + q of the 16; transposed, row q of the four of A that a round takes.
  let q = lane % 4u;
  var places = start + min(row + q + vec4u(0u, 4u, 8u, 12u), vec4u(sizes.m - 1u)) * (sizes.row_step_a / 4u) + part.x / 4u;
  var advance = 1u;
  if (transpose_a) {
    places = start + (part.x + q) * (sizes.step_a / 4u) + min(row / 4u + vec4u(0u, 1u, 2u, 3u), vec4u(sizes.m / 4u - 1u));
    advance = sizes.step_a;
  }
  var first = first_rows(column);
  var second = first;
  var third = first;
  var fourth = first;
  for (var i = 0u; i < (part.y - part.x) / 4u; i++) {
    let of_b = block_of_b(blocks, i);
    let at = places + i * advance;
    first += mat4x4f(of_b * rows_of_quad(a_at(at.x)));
    second += mat4x4f(of_b * rows_of_quad(a_at(at.y)));
    third += mat4x4f(of_b * rows_of_quad(a_at(at.z)));
    fourth += mat4x4f(of_b * rows_of_quad(a_at(at.w)));
  }
  if (own_column >= sizes.n) { return; }
  let to_first = places_of_rows(group.z, row, column);
  let to_second = places_of_rows(group.z, row + 4u, column);
  let to_third = places_of_rows(group.z, row + 8u, column);
  let to_fourth = places_of_rows(group.z, row + 12u, column);
  if (sizes.has_residual == 1u) {
    first += residual_rows(to_first);
    second += residual_rows(to_second);
    third += residual_rows(to_third);
    fourth += residual_rows(to_fourth);
  }
  store_rows(to_first, first);
  store_rows(to_second, second);
  store_rows(to_third, third);
  store_rows(to_fourth, fourth);
}
