// Sum over the lanes of a workgroup, on any adapter; subgroup_sum.wgsl is the same where there are subgroups.

const LANES = 64u;

var<workgroup> lane_sums: array<vec4f, LANES>;

// Call from uniform control flow; every invocation gets the sum.
fn workgroup_sum(value: vec4f, lane: u32) -> vec4f {
  // All have read the sum before.
  workgroupBarrier();
  lane_sums[lane] = value;
  workgroupBarrier();
  var total = vec4f();
  for (var other = 0u; other < LANES; other++) { total += lane_sums[other]; }
  return total;
}
