// One frame into a block: norm of the residual stream, its projection, and of the first half the convolution over time;
// SiLU of both halves. B batch, S parts of the stream, D its columns, I inner columns, K taps, J = I up to a whole quad.

struct Sizes {
  parts: u32,
  columns: u32,
  inner: u32,
  taps: u32,
}

@group(0) @binding(0) var<storage, read> parts: array<f32>;
@group(0) @binding(1) var<storage, read> norm_weight: array<f32>;
@group(0) @binding(2) var<storage, read> norm_bias: array<f32>;
// [D / 4, 2I] quads of a row.
@group(0) @binding(3) var<storage, read> weight: array<vec4f>;
// [I, K], and [I].
@group(0) @binding(4) var<storage, read> taps: array<f32>;
@group(0) @binding(5) var<storage, read> taps_bias: array<f32>;
// The last K inputs of the convolution [B, K, I], this frame's last.
@group(0) @binding(6) var<storage, read_write> window: array<f32>;
// [B, 2J], zero between.
@group(0) @binding(7) var<storage, read_write> out: array<f32>;
@group(0) @binding(8) var<uniform> sizes: Sizes;

fn convolve(b: u32, d: u32, value: f32) -> f32 {
  let first = b * sizes.taps * sizes.inner + d;
  let last = sizes.taps - 1u;
  var sum = taps_bias[d];
  for (var k = 0u; k < last; k++) {
    let past = window[first + (k + 1u) * sizes.inner];
    window[first + k * sizes.inner] = past;
    sum += taps[d * sizes.taps + k] * past;
  }
  window[first + last * sizes.inner] = value;
  return sum + taps[d * sizes.taps + last] * value;
}

// One row per invocation.
@compute @workgroup_size(THREADS)
fn step(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let b = group.y;
  sum_parts(b, sizes.parts, sizes.columns, index);
  norm_sum(sizes.columns, index);
  let padded = (sizes.inner + 3u) / 4u * 4u;
  let place = group.x * THREADS + index;
  let d = place % padded;
  if (place >= 2u * padded) { return; }
  var value = 0.0;
  if (d < sizes.inner) {
    let row = place / padded * sizes.inner + d;
    var sum = vec4f(0.0);
    for (var q = 0u; q < (sizes.columns + 3u) / 4u; q++) {
      sum += weight[q * 2u * sizes.inner + row] * normed[q];
    }
    value = dot(sum, vec4f(1.0));
    if (place < padded) { value = convolve(b, d, value); }
  }
  out[b * 2u * padded + place] = silu(value);
}
