// Writes the random functions' numbers, for the comparison with their twins in TypeScript.

@group(0) @binding(0) var<storage, read> counters: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> bits: array<vec4u>;

@compute @workgroup_size(64)
fn draw(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= arrayLength(&counters)) { return; }
  let c = counters[id.x];
  bits[2u * id.x] = random_four(c.x, c.y, c.z, c.w);
  bits[2u * id.x + 1u] = vec4u(
    random_u32(c.x, c.y, c.z, c.w),
    bitcast<u32>(random_uniform(c.x, c.y, c.z, c.w)),
    0u,
    0u,
  );
}
