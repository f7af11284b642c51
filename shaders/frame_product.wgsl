// A matrix times the first columns of a vector, the sum over the columns in parts.

struct Sizes {
  rows: u32,
  // Quads of a row of the matrix, and of one vector.
  quads: u32,
  width: u32,
}

// [B, width] quads.
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
// [quads, rows] quads of a row.
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;
// [B, parts, rows]
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> sizes: Sizes;

// One row of one part per invocation.
@compute @workgroup_size(64)
fn multiply(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  if (id.x >= sizes.rows) { return; }
  let length = (sizes.quads + groups.y - 1u) / groups.y;
  let first = group.y * length;
  let vector = group.z * sizes.width;
  var sum = vec4f(0.0);
  for (var q = first; q < min(first + length, sizes.quads); q++) {
    sum += weight[q * sizes.rows + id.x] * x[vector + q];
  }
  out[(group.z * groups.y + group.y) * sizes.rows + id.x] = dot(sum, vec4f(1.0));
}
