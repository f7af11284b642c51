// The optimiser: global norm of the gradient, AdamW on flat memory, and gradient accumulation. All of it four numbers at
// a time: one by one they take lavapipe twice to three times as long.

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

@group(0) @binding(0) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(1) var<storage, read> gradient_bits: array<vec4u>;
// Sums of squares as bits, so that a NaN or infinity passes through unharmed by the compiler.
@group(0) @binding(2) var<storage, read> part_bits: array<u32>;
@group(0) @binding(3) var<storage, read_write> out_bits: array<u32>;
@group(0) @binding(4) var<storage, read> norm_bits: array<u32>; // [1]
@group(0) @binding(5) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> total: array<vec4f>;
@group(0) @binding(9) var<uniform> step: Step;
@group(0) @binding(10) var<storage, read_write> mirror: array<vec2u>; // the parameters in halves

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
  var sums = vec4f();
  var met_other = vec4<bool>();
  for (var i = id.x; i < arrayLength(&gradient_bits); i += groups.x * LANES) {
    let bits = gradient_bits[i];
    let is_other = (bits & vec4u(EXPONENT)) == vec4u(EXPONENT);
    met_other |= is_other;
    let g = step.gradient_scale * bitcast<vec4f>(select(bits, vec4u(), is_other));
    sums += g * g;
  }
  let result = sum_bits(sums.x + sums.y + sums.z + sums.w, any(met_other), lane);
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

struct Rates {
  gradient_scale: f32,
  moment_rate: f32,
  root2: f32,
  decay: f32,
}

fn rates_of_step() -> Rates {
  let norm = bitcast<f32>(norm_bits[0]) + 1e-6;
  let clip = select(1.0, clip_norm / norm, norm > clip_norm);
  return Rates(
    step.gradient_scale * clip,
    step.learning_rate / step.bias_correction1,
    sqrt(step.bias_correction2),
    step.learning_rate * weight_decay,
  );
}

// Updates the i-th four parameters and their moments; returns the parameters.
fn update(i: u32, rates: Rates) -> vec4f {
  let place = 4u * i + vec4u(0u, 1u, 2u, 3u);
  let is_trained = place < vec4u(trained_count);
  let decay = select(vec4f(), vec4f(rates.decay), place < vec4u(decay_count));
  let g = rates.gradient_scale * gradient[i];
  let m_next = beta1 * m[i] + beta1_complement * g;
  let v_next = beta2 * v[i] + beta2_complement * g * g;
  let p = parameters[i];
  let p_next = p - decay * p - rates.moment_rate * m_next / (sqrt(v_next) / rates.root2 + epsilon);
  let result = select(p, p_next, is_trained);
  m[i] = select(m[i], m_next, is_trained);
  v[i] = select(v[i], v_next, is_trained);
  parameters[i] = result;
  return result;
}

@compute @workgroup_size(256)
fn adam_w(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (!is_finite(norm_bits[0])) { return; }
  let rates = rates_of_step();
  for (var i = id.x; 4u * i < trained_count; i += groups.x * 256u) { update(i, rates); }
}

@compute @workgroup_size(256)
fn adam_w_mirrored(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  if (!is_finite(norm_bits[0])) { return; }
  let rates = rates_of_step();
  for (var i = id.x; 4u * i < trained_count; i += groups.x * 256u) {
    mirror[i] = halves_of(bitcast<vec4u>(update(i, rates)));
  }
}

@compute @workgroup_size(256)
fn accumulate(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&total); i += groups.x * 256u) {
    // Not 0 * total: memory of an abandoned step may hold NaN.
    if (step.micro_batch == 0u) { total[i] = gradient[i]; } else { total[i] += gradient[i]; }
  }
}
