// The optimiser: global norm of the gradient, AdamW on flat memory, and gradient accumulation.

// AdamW. The complements 1 - beta arrive as such: 1 - f32(0.999) is wrong from the fifth digit.
override trained_count: u32 = 0u;
override decay_count: u32 = 0u;
override beta1: f32 = 0.9;
override beta1_complement: f32 = 0.1;
override beta2: f32 = 0.999;
override beta2_complement: f32 = 0.001;
override epsilon: f32 = 1e-8;
override weight_decay: f32 = 0.0;
override clip_norm: f32 = 1.0;

@group(0) @binding(0) var<storage, read> gradient: array<f32>;
@group(0) @binding(1) var<storage, read> gradient_bits: array<u32>;
// Sums of squares as bits, so that a NaN or infinity passes through unharmed by the compiler.
@group(0) @binding(2) var<storage, read> part_bits: array<u32>;
@group(0) @binding(3) var<storage, read_write> out_bits: array<u32>;
@group(0) @binding(4) var<storage, read> norm_bits: array<u32>; // [1]
@group(0) @binding(5) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(6) var<storage, read_write> m: array<f32>;
@group(0) @binding(7) var<storage, read_write> v: array<f32>;
@group(0) @binding(8) var<storage, read_write> total: array<f32>;
@group(0) @binding(9) var<uniform> step: Step;

const EXPONENT = 0x7f800000u;
const NAN = 0x7fc00000u;

fn is_finite(bits: u32) -> bool {
  return (bits & EXPONENT) != EXPONENT;
}

// Bits of the workgroup's sum of squares, or of NaN when any lane met what is not finite.
fn sum_bits(sum: f32, met_other: bool, lane: u32) -> u32 {
  let all = workgroup_sum(vec4f(sum, select(0.0, 1.0, met_other), 0.0, 0.0), lane);
  return select(bitcast<u32>(all.x), NAN, all.y > 0.0);
}

@compute @workgroup_size(LANES)
fn norm_parts(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  var sum = 0.0;
  var met_other = false;
  for (var i = id.x; i < arrayLength(&gradient_bits); i += groups.x * LANES) {
    let bits = gradient_bits[i];
    if (is_finite(bits)) {
      let g = step.gradient_scale * bitcast<f32>(bits);
      sum += g * g;
    } else {
      met_other = true;
    }
  }
  let result = sum_bits(sum, met_other, lane);
  if (lane == 0u) { out_bits[group.x] = result; }
}

@compute @workgroup_size(LANES)
fn norm_of_parts(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  var met_other = false;
  for (var i = lane; i < arrayLength(&part_bits); i += LANES) {
    let bits = part_bits[i];
    if (is_finite(bits)) { sum += bitcast<f32>(bits); } else { met_other = true; }
  }
  let result = sum_bits(sum, met_other, lane);
  if (lane == 0u) {
    // The root of an overflowed sum need not be infinite in WGSL, so its bits pass as they are.
    out_bits[0] = select(result, bitcast<u32>(sqrt(bitcast<f32>(result))), is_finite(result));
  }
}

@compute @workgroup_size(256)
fn adam_w(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (!is_finite(norm_bits[0])) { return; }
  let norm = bitcast<f32>(norm_bits[0]) + 1e-6;
  var factor = step.gradient_scale;
  if (norm > clip_norm) { factor *= clip_norm / norm; }
  let rate = step.learning_rate / step.bias_correction1;
  let root2 = sqrt(step.bias_correction2);
  for (var i = id.x; i < trained_count; i += groups.x * 256u) {
    let g = factor * gradient[i];
    let m_next = beta1 * m[i] + beta1_complement * g;
    let v_next = beta2 * v[i] + beta2_complement * g * g;
    var p = parameters[i];
    if (i < decay_count) { p -= step.learning_rate * weight_decay * p; }
    m[i] = m_next;
    v[i] = v_next;
    parameters[i] = p - rate * m_next / (sqrt(v_next) / root2 + epsilon);
  }
}

@compute @workgroup_size(256)
fn accumulate(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&total); i += groups.x * 256u) {
    // Not 0 * total: memory of an abandoned step may hold NaN.
    if (step.micro_batch == 0u) { total[i] = gradient[i]; } else { total[i] += gradient[i]; }
  }
}
