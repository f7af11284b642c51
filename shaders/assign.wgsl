// Copies a tensor into stored memory.

@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> stored: array<f32>;

@compute @workgroup_size(256)
fn assign(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&source); i += groups.x * 256u) { stored[i] = source[i]; }
}
