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

@compute @workgroup_size(256)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) {
    let row = i / sizes.columns;
    let direction = u32(row >= sizes.rows);
    let part = (row - direction * sizes.rows) * sizes.directions + direction;
    out[i] = a[i] * silu4(b[(part + 1u) * sizes.width + i - (row + 1u) * sizes.columns]);
  }
}

// Columns of `b` that gate nothing have gradient 0.
@compute @workgroup_size(256)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let skipped = sizes.width - sizes.columns;
  for (var j = id.x; j < arrayLength(&b_gradient); j += groups.x * 256u) {
    let row = j / (sizes.directions * sizes.width);
    let of_row = j - row * sizes.directions * sizes.width;
    let direction = u32(of_row >= sizes.width);
    let column = of_row - direction * sizes.width;
    if (column < skipped) {
      b_gradient[j] = vec4f();
    } else {
      let i = (direction * sizes.rows + row) * sizes.columns + column - skipped;
      out[i] = gradient[i] * silu4(b[j]);
      b_gradient[j] = gradient[i] * a[i] * silu_slope4(b[j]);
    }
  }
}
