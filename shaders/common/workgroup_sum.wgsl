// Sum over a workgroup of LANES invocations (a power of two that the including shader declares), in a fixed order.

var<workgroup> lane_sums: array<vec4f, LANES>;

// Call from uniform control flow; every invocation gets the sum.
fn workgroup_sum(value: vec4f, lane: u32) -> vec4f {
  lane_sums[lane] = value;
  workgroupBarrier();
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    if (lane < half) { lane_sums[lane] += lane_sums[lane + half]; }
    workgroupBarrier();
  }
  let sum = lane_sums[0];
  workgroupBarrier();
  return sum;
}
