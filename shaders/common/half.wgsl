// Four numbers, by their bits, as 16-bit floats: to the nearest, ties to even, infinite beyond the largest half; twin of
// packHalves in src/base/half.ts. pack2x16float may round to either neighbour, and gives anything for what a half
// cannot hold.

const LARGEST_HALF = 0x477fe000u; // 65504
const SMALLEST_NORMAL_HALF = 0x38800000u; // 2^-14
const INFINITY = 0x7f800000u;

fn halves_of(bits: vec4u) -> vec2u {
  let magnitude = bits & vec4u(0x7fffffffu);
  let is_odd = (magnitude >> vec4u(13u)) & vec4u(1u);
  let normal = (magnitude + 0xfffu + is_odd - 0x38000000u) >> vec4u(13u);
  // The last bit of 0.5 is that of the smallest half: the sum rounds to it.
  let is_small = magnitude < vec4u(SMALLEST_NORMAL_HALF);
  let small = bitcast<vec4u>(bitcast<vec4f>(min(magnitude, vec4u(SMALLEST_NORMAL_HALF))) + 0.5) - 0x3f000000u;
  let kind = select(vec4u(0x7c00u), vec4u(0x7e00u), magnitude > vec4u(INFINITY));
  let held = select(select(normal, small, is_small), kind, magnitude > vec4u(LARGEST_HALF));
  let half = held | ((bits >> vec4u(16u)) & vec4u(0x8000u));
  return half.xz | (half.yw << vec2u(16u));
}
