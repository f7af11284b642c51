// Counter-based random numbers; twin of src/base/rng.ts (pcg4d, Jarzynski and Olano 2020).

// Four numbers of one counter.
fn random_four(seed: u32, purpose: u32, step: u32, index: u32) -> vec4u {
  var v = vec4u(seed, purpose, step, index) * 1664525u + 1013904223u;
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  v ^= v >> vec4u(16u);
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  return v;
}

fn random_u32(seed: u32, purpose: u32, step: u32, index: u32) -> u32 {
  return random_four(seed, purpose, step, index).x;
}

// Uniform in [0, 1) with 24 bits.
fn random_uniform(seed: u32, purpose: u32, step: u32, index: u32) -> f32 {
  return f32(random_u32(seed, purpose, step, index) >> 8u) * (1.0 / 16777216.0);
}
