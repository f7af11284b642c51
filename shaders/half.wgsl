// Casts to 16-bit floats, two to a word, and back.

@group(0) @binding(0) var<storage, read> x_bits: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> halves_out: array<vec2u>;
@group(0) @binding(2) var<storage, read> halves: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(256)
fn to_half(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&x_bits); i += groups.x * 256u) {
    halves_out[i] = halves_of(x_bits[i]);
  }
}

@compute @workgroup_size(256)
fn to_f32(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) {
    out[i] = vec4f(unpack2x16float(halves[i].x), unpack2x16float(halves[i].y));
  }
}
