// Training augmentation of LFP frames: channel dropout, gain per channel, noise; all from counters.

override columns: u32 = 1u;
override bands: u32 = 1u;
override per_sample: u32 = 1u;
override channel_dropout: f32 = 0.0;
override gain_low: f32 = 1.0;
override gain_high: f32 = 1.0;
override noise: f32 = 0.0;
override dropout_purpose: u32 = 0u;
override gain_purpose: u32 = 0u;
override noise_purpose: u32 = 0u;

@group(0) @binding(0) var<storage, read> lfp: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> step: Step;

// Sum of four uniforms with unit variance: normal enough for noise, and exact on every adapter.
fn near_normal(index: u32) -> f32 {
  var sum = -2.0;
  for (var k = 0u; k < 4u; k++) {
    sum += random_uniform(step.seed, noise_purpose, step.step, 4u * index + k);
  }
  return sum * 1.7320508;
}

@compute @workgroup_size(256)
fn augment(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) {
    let channel = (i / per_sample) * (columns / bands) + (i % columns) / bands;
    let kept = random_uniform(step.seed, dropout_purpose, step.step, channel) >= channel_dropout;
    let u = random_uniform(step.seed, gain_purpose, step.step, channel);
    let gain = select(0.0, gain_low + (gain_high - gain_low) * u, kept);
    out[i] = gain * lfp[i] + noise * near_normal(i);
  }
}
