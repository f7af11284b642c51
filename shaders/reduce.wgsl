// Sums over rows of [rows, columns] and their gradient.

override size: u32 = 1u;
override stride: u32 = 1u;
override factor: f32 = 1.0;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

// out[i] = factor * (x[i] + x[i + stride] + x[i + 2 stride] + ...) for i < stride: neighbours read neighbours.
@compute @workgroup_size(64)
fn strided_sum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < stride; i += groups.x * 64u) {
    var sum = 0.0;
    for (var at = i; at < size; at += stride) { sum += x[at]; }
    out[i] = factor * sum;
  }
}

// The gradient: x [columns] repeated over the rows.
@compute @workgroup_size(64)
fn repeat_rows(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < size; i += groups.x * 64u) { out[i] = factor * x[i % stride]; }
}
