// Dropout and drop-path. The masks are functions of counters, so the backward pass computes them again.

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> residual: array<vec4f>;
// Numbers of one place in the network, in a buffer so that all places share a pipeline:
// purpose of the element mask, its threshold, purpose of the sample mask, its threshold; factor on what is kept, and
// numbers in a sample, each of which drop-path keeps or drops whole.
@group(0) @binding(2) var<storage, read> site: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(4) var<uniform> step: Step;

fn kept(purpose: f32, threshold: f32, index: u32) -> bool {
  return threshold == 0.0 || (random_u32(step.seed, u32(purpose), step.step, index) >> 8u) >= u32(threshold);
}

fn factor(mask: vec4f, scale: vec4f, i: u32) -> f32 {
  let is_kept = kept(mask.z, mask.w, i / u32(scale.y)) && kept(mask.x, mask.y, i);
  return select(0.0, scale.x, is_kept);
}

fn factors(i: u32) -> vec4f {
  let mask = site[0];
  let scale = site[1];
  return vec4f(
    factor(mask, scale, 4u * i),
    factor(mask, scale, 4u * i + 1u),
    factor(mask, scale, 4u * i + 2u),
    factor(mask, scale, 4u * i + 3u),
  );
}

@compute @workgroup_size(256)
fn drop(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = factors(i) * x[i]; }
}

@compute @workgroup_size(256)
fn drop_add(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = residual[i] + factors(i) * x[i]; }
}
