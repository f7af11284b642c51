// a * silu(b), where b may lie in the last columns of wider rows. With directions the rows of `a` are one direction's
// after the other's, and `b` has the directions' columns beside each other.

struct Sizes {
  // Of a direction, in a row of `a` and in one of `b`, in vec4s.
  columns: u32,
  width: u32,
  directions: u32,
  // Of `b`.
  rows: u32,
}

@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> b_gradient: array<vec4f>;
@group(0) @binding(5) var<uniform> sizes: Sizes;

// Rows are a dimension of the grid: finding one by division would cost software adapters as much as a load.
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (id.x >= sizes.columns) { return; }
  for (var row = id.y; row < sizes.directions * sizes.rows; row += groups.y) {
    let direction = u32(row >= sizes.rows);
    let part = (row - direction * sizes.rows) * sizes.directions + direction;
    let i = row * sizes.columns + id.x;
    out[i] = a[i] * silu4(b[(part + 1u) * sizes.width - sizes.columns + id.x]);
  }
}

// Columns of `b` that gate nothing have gradient 0.
@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (id.x >= sizes.directions * sizes.width) { return; }
  let direction = u32(id.x >= sizes.width);
  let column = id.x - direction * sizes.width;
  let skipped = sizes.width - sizes.columns;
  for (var row = id.y; row < sizes.rows; row += groups.y) {
    let j = row * sizes.directions * sizes.width + id.x;
    if (column < skipped) {
      b_gradient[j] = vec4f();
    } else {
      let i = (direction * sizes.rows + row) * sizes.columns + column - skipped;
      let of_b = silu_with_slope4(b[j]);
      let g = gradient[i];
      out[i] = g * of_b.value;
      b_gradient[j] = g * a[i] * of_b.slope;
    }
  }
}
