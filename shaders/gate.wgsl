// a * silu(b), where b may lie in the last columns of wider rows.

// Columns of a row of `a`, and of a row of `b`.
struct Sizes {
  columns: u32,
  width: u32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<storage, read_write> b_gradient: array<f32>;
@group(0) @binding(5) var<uniform> sizes: Sizes;

@compute @workgroup_size(256)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let skipped = sizes.width - sizes.columns;
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) {
    out[i] = a[i] * silu(b[i + (i / sizes.columns + 1u) * skipped]);
  }
}

// Columns of `b` that gate nothing have gradient 0.
@compute @workgroup_size(256)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let skipped = sizes.width - sizes.columns;
  for (var j = id.x; j < arrayLength(&b_gradient); j += groups.x * 256u) {
    if (j % sizes.width < skipped) {
      b_gradient[j] = 0.0;
    } else {
      let i = j - (j / sizes.width + 1u) * skipped;
      out[i] = gradient[i] * silu(b[j]);
      b_gradient[j] = gradient[i] * a[i] * silu_slope(b[j]);
    }
  }
}
