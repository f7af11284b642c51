// Dropout and drop-path. The masks are functions of counters, so the backward pass computes them again.

override has_residual: bool = false;

struct Site {
  // Of the mask of elements and of the mask of samples, each of which drop-path keeps or drops whole.
  element_purpose: u32,
  element_threshold: u32,
  sample_purpose: u32,
  sample_threshold: u32,
  // Of what is kept.
  scale: f32,
  samples: u32,
  // In a sample.
  vec4s: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> residual: array<vec4f>;
@group(0) @binding(2) var<uniform> site: Site;
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(4) var<uniform> step: Step;

// 0 for a sample that is dropped.
fn scale_of(sample: u32) -> f32 {
  let draw = random_u32(step.seed, site.sample_purpose, step.step, sample) >> 8u;
  return select(0.0, site.scale, draw >= site.sample_threshold);
}

fn factors(i: u32, scale: f32, threshold: u32, counter: vec3u) -> vec4f {
  let draws = random_four(counter.x, counter.y, counter.z, i) >> vec4u(8u);
  return select(vec4f(), vec4f(scale), draws >= vec4u(threshold));
}

@compute @workgroup_size(64)
fn drop(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  // Outside the loops: a software adapter reads a uniform anew each time.
  let counter = vec3u(step.seed, site.element_purpose, step.step);
  let threshold = site.element_threshold;
  let vec4s = site.vec4s;
  for (var sample = id.y; sample < site.samples; sample += groups.y) {
    let scale = scale_of(sample);
    for (var c = id.x; c < vec4s; c += groups.x * 64u) {
      let i = sample * vec4s + c;
      var kept = factors(i, scale, threshold, counter) * x[i];
      if (has_residual) { kept += residual[i]; }
      out[i] = kept;
    }
  }
}
