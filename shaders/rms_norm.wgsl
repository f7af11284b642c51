// Gated RMS norm over the last dimension, in vec4s: u = y * silu(z), out = u / rms(u) * weight. The lanes of a workgroup share a
// row. The gate is computed again instead of stored.

override epsilon: f32 = 1e-5;

struct Sizes {
  // In vec4s.
  width: u32,
}

@group(0) @binding(0) var<storage, read> y: array<vec4f>;
@group(0) @binding(1) var<storage, read> z: array<vec4f>;
@group(0) @binding(2) var<storage, read> weight: array<vec4f>;
// 1 / root mean square of each row.
@group(0) @binding(3) var<storage, read_write> scales_out: array<f32>;
@group(0) @binding(4) var<storage, read> scales: array<f32>;
@group(0) @binding(5) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> out_z: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> partials: array<vec4f>;
@group(0) @binding(9) var<uniform> sizes: Sizes;

@compute @workgroup_size(LANES)
fn forward(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  for (var row = group.x; row < arrayLength(&scales_out); row += groups.x) {
    let base = row * sizes.width;
    var squares = vec4f();
    for (var c = lane; c < sizes.width; c += LANES) {
      let u = y[base + c] * silu4(z[base + c]);
      out[base + c] = u;
      squares += u * u;
    }
    let mean = dot(workgroup_sum(squares, lane), vec4f(0.25)) / f32(sizes.width);
    let scale = 1.0 / sqrt(mean + epsilon);
    for (var c = lane; c < sizes.width; c += LANES) { out[base + c] *= scale * weight[c]; }
    if (lane == 0u) { scales_out[row] = scale; }
  }
}

// A workgroup takes a block of rows: first the gradients by y and z, row by row, then the block's sums of the gradient
// by the weight, a column per lane; until then `out` holds what they sum.
@compute @workgroup_size(LANES)
fn backward(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let rows = arrayLength(&scales);
  let rows_per_block = (rows + groups.x - 1u) / groups.x;
  let begin = group.x * rows_per_block;
  let end = min(begin + rows_per_block, rows);
  for (var c = lane; c < sizes.width; c += LANES) {
    var sum = vec4f();
    for (var row = begin; row < end; row++) {
      let i = row * sizes.width + c;
      let weighted = gradient[i] * y[i] * silu4(z[i]) * scales[row];
      out[i] = weighted;
      sum += weighted;
    }
    partials[group.x * sizes.width + c] = sum;
  }
  for (var row = begin; row < end; row++) {
    let base = row * sizes.width;
    let scale = scales[row];
    var sum = vec4f();
    // A lane reads what it wrote itself.
    for (var c = lane; c < sizes.width; c += LANES) { sum += out[base + c] * weight[c]; }
    let mean = dot(workgroup_sum(sum, lane), vec4f(0.25)) / f32(sizes.width);
    for (var c = lane; c < sizes.width; c += LANES) {
      let i = base + c;
      let gate = silu_with_slope4(z[i]);
      let of_y = y[i];
      let du = scale * (gradient[i] * weight[c] - of_y * gate.value * scale * mean);
      out[i] = du * gate.value;
      out_z[i] = du * of_y * gate.slope;
    }
  }
}
