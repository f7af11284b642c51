// The elementwise family: one entry point per function and one per gradient, each a grid-stride loop. Sizes come
// from the bindings, so that one pipeline serves every shape.

override factor: f32 = 1.0;

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> gradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(256)
fn add(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = a[i] + b[i]; }
}

// b is one row, added to every row of a.
@compute @workgroup_size(256)
fn add_row(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let width = arrayLength(&b);
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = a[i] + b[i % width]; }
}

@compute @workgroup_size(256)
fn multiply(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = a[i] * b[i]; }
}

@compute @workgroup_size(256)
fn scale(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = factor * a[i]; }
}

@compute @workgroup_size(256)
fn sigmoid_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = sigmoid(a[i]); }
}

@compute @workgroup_size(256)
fn sigmoid_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) {
    out[i] = gradient[i] * sigmoid_slope(a[i]);
  }
}

@compute @workgroup_size(256)
fn softplus_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = softplus(a[i]); }
}

@compute @workgroup_size(256)
fn softplus_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = gradient[i] * sigmoid(a[i]); }
}

@compute @workgroup_size(256)
fn silu_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = silu(a[i]); }
}

@compute @workgroup_size(256)
fn silu_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = gradient[i] * silu_slope(a[i]); }
}

@compute @workgroup_size(256)
fn gelu_forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = gelu(a[i]); }
}

@compute @workgroup_size(256)
fn gelu_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = gradient[i] * gelu_slope(a[i]); }
}
