// Sum over the lanes of a workgroup that is one subgroup: without workgroup memory and barriers, for which software
// adapters take a hundred times as long.
enable subgroups;

override LANES: u32 = 32u;

fn workgroup_sum(value: vec4f, lane: u32) -> vec4f {
  return subgroupAdd(value);
}
