// Casts to 16-bit floats, two to a word, and back.

@group(0) @binding(0) var<storage, read> x_bits: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> halves_out: array<vec2u>;
@group(0) @binding(2) var<storage, read> halves: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;

const LARGEST = 0x477fe000u; // 65504
const INFINITY = 0x7f800000u;

// pack2x16float may give anything for what a half cannot hold: that becomes an infinity or NaN by its bits.
fn packed(bits: vec2u) -> u32 {
  let magnitude = bits & vec2u(0x7fffffffu);
  let is_over = magnitude > vec2u(LARGEST);
  let held = pack2x16float(bitcast<vec2f>(select(bits, vec2u(), is_over)));
  let kind = select(vec2u(0x7c00u), vec2u(0x7e00u), magnitude > vec2u(INFINITY));
  let over = select(vec2u(), ((bits >> vec2u(16u)) & vec2u(0x8000u)) | kind, is_over);
  return held | over.x | (over.y << 16u);
}

@compute @workgroup_size(256)
fn to_half(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&x_bits); i += groups.x * 256u) {
    halves_out[i] = vec2u(packed(x_bits[i].xy), packed(x_bits[i].zw));
  }
}

@compute @workgroup_size(256)
fn to_f32(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) {
    out[i] = vec4f(unpack2x16float(halves[i].x), unpack2x16float(halves[i].y));
  }
}
