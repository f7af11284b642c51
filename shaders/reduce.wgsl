// Sums over rows of [rows, columns] and their gradient.

override factor: f32 = 1.0;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

// out[i] = factor * (x[i] + x[i + stride] + x[i + 2 stride] + ...), stride = the length of out: neighbours read neighbours.
@compute @workgroup_size(64)
fn strided_sum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let stride = arrayLength(&out);
  for (var i = id.x; i < stride; i += groups.x * 64u) {
    var sum = 0.0;
    for (var at = i; at < arrayLength(&x); at += stride) { sum += x[at]; }
    out[i] = factor * sum;
  }
}

// The gradient: x [columns] repeated over the rows.
@compute @workgroup_size(64)
fn repeat_rows(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let columns = arrayLength(&x);
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 64u) {
    out[i] = factor * x[i % columns];
  }
}
