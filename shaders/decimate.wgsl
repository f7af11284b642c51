// Low-pass and decimation of channels side by side: one invocation is one channel, serial in time, and its state
// goes on from block to block. Each section is a trapezoidal state-variable filter: its integrators keep f32 exact
// enough where the poles of a direct form crowd at one, as they do far below the sampling rate.

// N: samples, a multiple of the factor; C: channels
struct Sizes { samples: u32, channels: u32, factor: u32 }

const SECTIONS = 4u;
// Per channel: two integrators for each section, then the last finite value, the first one, and 1 once there is one.
const STATE = 2u * SECTIONS + 3u;

@group(0) @binding(0) var<uniform> sizes: Sizes;
// As bits: WGSL may assume that no number is NaN.
@group(0) @binding(1) var<storage, read> samples: array<u32>;          // [N, C]
@group(0) @binding(2) var<storage, read> state: array<f32>;            // [C, STATE]
@group(0) @binding(3) var<storage, read> sections: array<f32>;         // [SECTIONS, 3]
@group(0) @binding(4) var<storage, read_write> kept: array<u32>;       // [N / factor, C]
@group(0) @binding(5) var<storage, read_write> next_state: array<f32>; // [C, STATE]

const NAN_BITS = 0x7fc00000u;

fn is_finite(bits: u32) -> bool {
  return (bits & 0x7f800000u) != 0x7f800000u;
}

@compute @workgroup_size(16)
fn decimate(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if (c >= sizes.channels) { return; }
  let base = c * STATE;
  var first: array<f32, SECTIONS>;
  var second: array<f32, SECTIONS>;
  var gains: array<vec3f, SECTIONS>;
  for (var s = 0u; s < SECTIONS; s++) {
    first[s] = state[base + 2u * s];
    second[s] = state[base + 2u * s + 1u];
    gains[s] = vec3f(sections[3u * s], sections[3u * s + 1u], sections[3u * s + 2u]);
  }
  var held = state[base + 2u * SECTIONS];
  var origin = state[base + 2u * SECTIONS + 1u];
  var is_known = state[base + 2u * SECTIONS + 2u] > 0.5;
  let rows = sizes.samples / sizes.factor;
  for (var row = 0u; row < rows; row++) {
    for (var k = 0u; k < sizes.factor; k++) {
      let bits = samples[(row * sizes.factor + k) * sizes.channels + c];
      let is_here = is_finite(bits);
      if (is_here) {
        held = bitcast<f32>(bits);
        if (!is_known) { origin = held; }
        is_known = true;
      }
      // Started from 0, a constant offset would ring.
      var x = select(0.0, held - origin, is_known);
      for (var s = 0u; s < SECTIONS; s++) {
        let rest = x - second[s];
        let band = gains[s].x * first[s] + gains[s].y * rest;
        x = second[s] + gains[s].y * first[s] + gains[s].z * rest;
        first[s] = 2.0 * band - first[s];
        second[s] = 2.0 * x - second[s];
      }
      if (k == 0u) {
        kept[row * sizes.channels + c] = select(NAN_BITS, bitcast<u32>(x + origin), is_here);
      }
    }
  }
  for (var s = 0u; s < SECTIONS; s++) {
    next_state[base + 2u * s] = first[s];
    next_state[base + 2u * s + 1u] = second[s];
  }
  next_state[base + 2u * SECTIONS] = held;
  next_state[base + 2u * SECTIONS + 1u] = origin;
  next_state[base + 2u * SECTIONS + 2u] = select(0.0, 1.0, is_known);
}
