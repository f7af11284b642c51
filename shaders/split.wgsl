// Copies columns between a wide matrix [rows, total_width] and one of its parts [rows, width] that begins at `offset`.
// In the *_vec4 entry points all three lengths count vec4s.

struct Sizes {
  width: u32,
  total_width: u32,
  offset: u32,
}

@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(0) var<storage, read> source4: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> out4: array<vec4f>;
@group(0) @binding(2) var<uniform> sizes: Sizes;

fn wide_index(i: u32) -> u32 {
  return i / sizes.width * sizes.total_width + sizes.offset + i % sizes.width;
}

@compute @workgroup_size(256)
fn take(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = source[wide_index(i)]; }
}

@compute @workgroup_size(256)
fn take_vec4(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out4); i += groups.x * 256u) { out4[i] = source4[wide_index(i)]; }
}

@compute @workgroup_size(256)
fn put(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&source); i += groups.x * 256u) { out[wide_index(i)] = source[i]; }
}

@compute @workgroup_size(256)
fn put_vec4(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&source4); i += groups.x * 256u) { out4[wide_index(i)] = source4[i]; }
}

@compute @workgroup_size(256)
fn put_zero(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out) / sizes.total_width * sizes.width; i += groups.x * 256u) { out[wide_index(i)] = 0.0; }
}
