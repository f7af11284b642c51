// Whether the invocations of a workgroup lie in subgroups of `size`, and in quads, one after the other.
enable subgroups;

override size: u32;

@group(0) @binding(0) var<storage, read_write> is_in_order: array<f32>;

@compute @workgroup_size(64)
fn check(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(local_invocation_index) index: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let of_quad = quadBroadcast(index, 0u) == index / 4u * 4u;
  let of_subgroup = subgroupBroadcast(index, 0u) == index / size * size;
  is_in_order[id.x] = f32(of_quad && of_subgroup && lane == index % size);
}
