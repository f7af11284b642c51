// Second stage of a reduction over many rows: adds the partial sums of all blocks, a column per invocation, always in
// the same order.

struct Sizes {
  blocks: u32,
  width: u32,
  // Columns that go to out_a; the rest go to out_b.
  width_a: u32,
}

@group(0) @binding(0) var<storage, read> partials: array<f32>;
@group(0) @binding(1) var<storage, read_write> out_a: array<f32>;
@group(0) @binding(2) var<storage, read_write> out_b: array<f32>;
@group(0) @binding(3) var<uniform> sizes: Sizes;

fn sum_column(column: u32) -> f32 {
  var sum = 0.0;
  for (var block = 0u; block < sizes.blocks; block++) { sum += partials[block * sizes.width + column]; }
  return sum;
}

@compute @workgroup_size(64)
fn to_one(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < sizes.width) { out_a[id.x] = sum_column(id.x); }
}

@compute @workgroup_size(64)
fn to_two(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= sizes.width) { return; }
  let sum = sum_column(id.x);
  if (id.x < sizes.width_a) { out_a[id.x] = sum; } else { out_b[id.x - sizes.width_a] = sum; }
}
