// The loss scale of mixed precision: a gradient divided by it, and what the next step's scale is.

override growth_steps: u32 = 2000u;
override smallest: f32 = 1.0;

@group(0) @binding(0) var<storage, read> scale: array<f32>; // [1]
@group(0) @binding(1) var<storage, read_write> gradient_bits: array<vec4u>;
// Norms as bits: the compiler may assume that a number is finite.
@group(0) @binding(2) var<storage, read> first_norm_bits: array<u32>; // [1]
@group(0) @binding(3) var<storage, read> second_norm_bits: array<u32>; // [1]
@group(0) @binding(4) var<storage, read_write> state: array<f32>; // scale, good steps since it changed

const EXPONENT = 0x7f800000u;

fn is_finite(bits: u32) -> bool {
  return (bits & EXPONENT) != EXPONENT;
}

// Scales are powers of two: nothing is rounded. What is not finite stays for the norm to find.
@compute @workgroup_size(256)
fn unscale(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let factor = 1.0 / scale[0];
  for (var i = id.x; i < arrayLength(&gradient_bits); i += groups.x * 256u) {
    let bits = gradient_bits[i];
    let is_other = (bits & vec4u(EXPONENT)) == vec4u(EXPONENT);
    let unscaled = factor * bitcast<vec4f>(select(bits, vec4u(), is_other));
    gradient_bits[i] = select(bitcast<vec4u>(unscaled), bits, is_other);
  }
}

@compute @workgroup_size(1)
fn adjust() {
  let good_steps = u32(state[1]) + 1u;
  if (!is_finite(first_norm_bits[0]) || !is_finite(second_norm_bits[0])) {
    state[0] = max(0.5 * state[0], smallest);
    state[1] = 0.0;
  } else if (good_steps == growth_steps) {
    state[0] *= 2.0;
    state[1] = 0.0;
  } else {
    state[1] = f32(good_steps);
  }
}
