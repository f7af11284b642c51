// One frame's prediction: the residual stream summed, normed and projected. B batch, S parts of the stream, D its
// columns, K outputs. One workgroup per batch entry.

struct Sizes {
  parts: u32,
  columns: u32,
  outputs: u32,
}

@group(0) @binding(0) var<storage, read> parts: array<f32>;
@group(0) @binding(1) var<storage, read> norm_weight: array<f32>;
@group(0) @binding(2) var<storage, read> norm_bias: array<f32>;
// [D / 4, K] quads of a row.
@group(0) @binding(3) var<storage, read> weight: array<vec4f>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
// [B, K], added.
@group(0) @binding(5) var<storage, read> raw: array<f32>;
// [B, D], and [B, K].
@group(0) @binding(6) var<storage, read_write> hidden: array<f32>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;
@group(0) @binding(8) var<uniform> sizes: Sizes;

@compute @workgroup_size(THREADS)
fn step(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let b = group.x;
  let columns = sizes.columns;
  sum_parts(b, sizes.parts, columns, index);
  for (var c = index; c < columns; c += THREADS) {
    hidden[b * columns + c] = normed[c / 4u][c % 4u];
  }
  norm_sum(columns, index);
  for (var k = index; k < sizes.outputs; k += THREADS) {
    var sum = vec4f(0.0);
    for (var q = 0u; q < (columns + 3u) / 4u; q++) { sum += weight[q * sizes.outputs + k] * normed[q]; }
    let at = b * sizes.outputs + k;
    out[at] = dot(sum, vec4f(1.0)) + bias[k] + raw[at];
  }
}
