// Weighted mean squared error and weighted cosine distance: partial sums, their total, and the gradients.

// B, T: samples and frames; K: columns of a prediction; D: width of a hidden vector.
@group(0) @binding(0) var<storage, read> prediction: array<f32>;    // [B, T, K] or [B, T, D]
@group(0) @binding(1) var<storage, read> target_: array<f32>;       // the same
@group(0) @binding(2) var<storage, read> frame_weight: array<f32>;  // [B, T]
@group(0) @binding(3) var<storage, read> column_weight: array<f32>; // [B, C], K is C times bands
@group(0) @binding(4) var<storage, read> parts: array<vec2f>;       // weighted error and weight of each workgroup
@group(0) @binding(5) var<storage, read> gradient: array<f32>;      // [1]
@group(0) @binding(6) var<storage, read> weight_sum: array<f32>;    // [1], at least 1
@group(0) @binding(7) var<storage, read_write> out_parts: array<vec2f>;
@group(0) @binding(8) var<storage, read_write> out: array<f32>;
@group(0) @binding(9) var<storage, read_write> out_weight_sum: array<f32>;

struct Sizes {
  samples: u32,
}

@group(0) @binding(10) var<uniform> sizes: Sizes;

// w_bt c_bk of element i.
fn element_weight(i: u32) -> f32 {
  let rows = arrayLength(&frame_weight);
  let columns = arrayLength(&prediction) / rows;
  let weights = arrayLength(&column_weight) / sizes.samples;
  let row = i / columns;
  let sample = row / (rows / sizes.samples);
  let weight = (i - row * columns) / (columns / weights);
  return frame_weight[row] * column_weight[sample * weights + weight];
}

@compute @workgroup_size(LANES)
fn mse_parts(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  var sum = vec2f();
  for (var i = id.x; i < arrayLength(&prediction); i += groups.x * LANES) {
    let weight = element_weight(i);
    let error = prediction[i] - target_[i];
    sum += weight * vec2f(error * error, 1.0);
  }
  let total = workgroup_sum(vec4f(sum, 0.0, 0.0), lane);
  if (lane == 0u) { out_parts[group.x] = total.xy; }
}

@compute @workgroup_size(256)
fn mse_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let factor = 2.0 * gradient[0] / weight_sum[0];
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) {
    out[i] = factor * element_weight(i) * (prediction[i] - target_[i]);
  }
}

const SMALLEST_NORM = 1e-8;

// <prediction, target>, |prediction|^2, |target|^2 of a row. Call from uniform control flow.
fn row_products(row: u32, width: u32, lane: u32) -> vec4f {
  var sum = vec4f();
  for (var k = lane; k < width; k += LANES) {
    let s = prediction[row * width + k];
    let t = target_[row * width + k];
    sum += vec4f(s * t, s * s, t * t, 0.0);
  }
  return workgroup_sum(sum, lane);
}

@compute @workgroup_size(LANES)
fn cosine_parts(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let rows = arrayLength(&frame_weight);
  let width = arrayLength(&prediction) / rows;
  var sum = vec2f();
  for (var row = group.x; row < rows; row += groups.x) {
    let products = row_products(row, width, lane);
    let norms = max(sqrt(products.yz), vec2f(SMALLEST_NORM));
    let cosine = products.x / norms.x / norms.y;
    sum += frame_weight[row] * vec2f(1.0 - cosine, 1.0);
  }
  if (lane == 0u) { out_parts[group.x] = sum; }
}

@compute @workgroup_size(LANES)
fn cosine_backward(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let rows = arrayLength(&frame_weight);
  let width = arrayLength(&prediction) / rows;
  for (var row = group.x; row < rows; row += groups.x) {
    let products = row_products(row, width, lane);
    let norms = max(sqrt(products.yz), vec2f(SMALLEST_NORM));
    // A clamped norm is a constant: the direction of s then has no part in the gradient.
    let cosine = select(0.0, products.x / norms.x / norms.y, norms.x > SMALLEST_NORM);
    let factor = -gradient[0] / weight_sum[0] * frame_weight[row] / norms.x;
    for (var k = lane; k < width; k += LANES) {
      let i = row * width + k;
      out[i] = factor * (target_[i] / norms.y - cosine * prediction[i] / norms.x);
    }
  }
}

// One workgroup: the weighted mean, and the sum of the weights that divides it.
@compute @workgroup_size(LANES)
fn mean_of_parts(@builtin(local_invocation_index) lane: u32) {
  var sum = vec2f();
  for (var i = lane; i < arrayLength(&parts); i += LANES) { sum += parts[i]; }
  let total = workgroup_sum(vec4f(sum, 0.0, 0.0), lane);
  if (lane == 0u) {
    let weight = max(total.y, 1.0);
    out[0] = total.x / weight;
    out_weight_sum[0] = weight;
  }
}
