// The matrix product where there are subgroups: 16 rows by 4 columns of out per invocation. The lanes of a quad share
// the loads of A and pass them round, so that a number of A is loaded by one lane in four and a number of B serves 16
// rows: twice as fast as 4x4 tiles on lavapipe and SwiftShader, whose loads cost more than their arithmetic.
enable subgroups;

const ROWS = 16u;

// Four rows of A of which each lane of the quad has loaded one, or, transposed, the same columns of four rows.
fn rows_of_quad(own: vec4f) -> mat4x4f {
  let all = mat4x4f(
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
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) index: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let m = arrayLength(&out4) * 4u / (sizes.n * groups.z);
  let k = arrayLength(&a4) * 4u / (m * groups.z / sizes.parts);
  let batch = group.z / sizes.parts;
  let row = group.y * ROWS;
  // Past the end a lane computes the last columns again: its quad needs what it loads.
  let own_column = (group.x * group_columns + index) * 4u;
  let column = min(own_column, sizes.n - 4u);
  let start_a = batch * m * k / 4u;
  let start_b = batch * k * sizes.n / 4u;
  // Lane q of a quad loads rows 4 r + q of the 16; transposed, row q of the four of A that a round takes.
  var places: vec4u;
  var step: u32;
  if (transpose_a) {
    places = start_a + min(row / 4u + vec4u(0u, 1u, 2u, 3u), vec4u(m / 4u - 1u)) + lane % 4u * (m / 4u);
    step = m / 4u;
  } else {
    places = start_a + min(row + lane % 4u + vec4u(0u, 4u, 8u, 12u), vec4u(m - 1u)) * (k / 4u);
    step = 1u;
  }
  let part = range_of_part(group.z, k);
  var first = mat4x4f();
  var second = mat4x4f();
  var third = mat4x4f();
  var fourth = mat4x4f();
  for (var at = part.x; at < part.y; at += 4u) {
    let of_b = block_of_b(start_b, at, column, k);
    let place = places + select(at / 4u, at, transpose_a) * step;
    first += of_b * rows_of_quad(a4[place.x]);
    second += of_b * rows_of_quad(a4[place.y]);
    third += of_b * rows_of_quad(a4[place.z]);
    fourth += of_b * rows_of_quad(a4[place.w]);
  }
  if (own_column >= sizes.n) { return; }
  store_rows(group.z, m, row, column, first);
  store_rows(group.z, m, row + 4u, column, second);
  store_rows(group.z, m, row + 8u, column, third);
  store_rows(group.z, m, row + 12u, column, fourth);
}
