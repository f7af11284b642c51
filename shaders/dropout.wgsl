// Dropout and drop-path. The masks are functions of counters, so the backward pass computes them again.

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> residual: array<f32>;
// Numbers of one place in the network, in a buffer so that all places share a pipeline:
// purpose of the element mask, its threshold, purpose of the sample mask, its threshold, factor on what is kept,
// number of samples, each of which drop-path keeps or drops whole.
@group(0) @binding(2) var<storage, read> site: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> step: Step;

fn kept(purpose: f32, threshold: f32, index: u32) -> bool {
  return (random_u32(step.seed, u32(purpose), step.step, index) >> 8u) >= u32(threshold);
}

fn mask(i: u32) -> f32 {
  let sample = i / (arrayLength(&out) / u32(site[5]));
  if (site[3] > 0.0 && !kept(site[2], site[3], sample)) { return 0.0; }
  if (site[1] > 0.0 && !kept(site[0], site[1], i)) { return 0.0; }
  return site[4];
}

@compute @workgroup_size(256)
fn drop(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = mask(i) * x[i]; }
}

@compute @workgroup_size(256)
fn drop_add(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = residual[i] + mask(i) * x[i]; }
}
