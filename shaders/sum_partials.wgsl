// Second stage of a reduction over many rows: adds the partial sums of all blocks, always in the same order.

override count: u32 = 1u;
override width: u32 = 1u;
// Columns that go to out_a; the rest go to out_b.
override width_a: u32 = 1u;

@group(0) @binding(0) var<storage, read> partials: array<f32>;
@group(0) @binding(1) var<storage, read_write> out_a: array<f32>;
@group(0) @binding(2) var<storage, read_write> out_b: array<f32>;

var<workgroup> sums: array<f32, 256>;

// 32 neighbouring columns by 8 interleaved shares of the blocks.
fn sum_column(local: vec3u, column: u32) -> f32 {
  var sum = 0.0;
  if (column < width) {
    for (var block = local.y; block < count; block += 8u) { sum += partials[block * width + column]; }
  }
  sums[local.y * 32u + local.x] = sum;
  workgroupBarrier();
  var total = sums[local.x];
  for (var share = 1u; share < 8u; share++) { total += sums[share * 32u + local.x]; }
  return total;
}

@compute @workgroup_size(32, 8)
fn to_one(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  let column = group.x * 32u + local.x;
  let total = sum_column(local, column);
  if (local.y == 0u && column < width) { out_a[column] = total; }
}

@compute @workgroup_size(32, 8)
fn to_two(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  let column = group.x * 32u + local.x;
  let total = sum_column(local, column);
  if (local.y != 0u || column >= width) { return; }
  if (column < width_a) { out_a[column] = total; } else { out_b[column - width_a] = total; }
}
