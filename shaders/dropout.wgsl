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
  return (random_u32(step.seed, u32(purpose), step.step, index) >> 8u) >= u32(threshold);
}

// Rows, and so samples, are whole vec4s.
fn factors(i: u32) -> vec4f {
  let mask = site[0];
  let scale = site[1];
  let is_kept = vec4<bool>(
    kept(mask.x, mask.y, 4u * i),
    kept(mask.x, mask.y, 4u * i + 1u),
    kept(mask.x, mask.y, 4u * i + 2u),
    kept(mask.x, mask.y, 4u * i + 3u),
  );
  let sample_is_kept = kept(mask.z, mask.w, 4u * i / u32(scale.y));
  return select(vec4f(), vec4f(scale.x), is_kept & vec4<bool>(sample_is_kept));
}

@compute @workgroup_size(256)
fn drop(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = factors(i) * x[i]; }
}

@compute @workgroup_size(256)
fn drop_add(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = residual[i] + factors(i) * x[i]; }
}
