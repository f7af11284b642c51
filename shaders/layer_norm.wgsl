// Layer norm over the last dimension. A row belongs to `lanes` invocations; `row_lanes` rows share a workgroup.

override width: u32 = 1u;
override epsilon: f32 = 1e-5;
// A power of two; lanes * row_lanes <= 256.
override lanes: u32 = 1u;
override row_lanes: u32 = 1u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
// Mean and 1 / standard deviation of each row.
@group(0) @binding(3) var<storage, read_write> moments_out: array<f32>;
@group(0) @binding(4) var<storage, read> moments: array<f32>;
@group(0) @binding(5) var<storage, read> gradient: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<storage, read_write> partials: array<f32>;
// Added to the gradient by x, if there is one.
@group(0) @binding(8) var<storage, read> previous: array<f32>;
@group(0) @binding(9) var<uniform> has_previous: u32;

var<workgroup> sums: array<vec2f, 256>;
var<workgroup> group_sums: array<vec2f, 256>;
// Weight and bias gradients of the rows that each row lane has seen.
var<workgroup> column_sums: array<vec2f, row_lanes * width>;

// The size of the tensor, not an override: one pipeline then serves every number of rows.
fn row_count() -> u32 {
  return arrayLength(&x) / width;
}

// Sum over the lanes of each row; every invocation of the workgroup must call it. The second call may write `sums`
// at once: all reads of the first lie before the second barrier.
fn row_sum(local: vec3u, value: vec2f) -> vec2f {
  let first = local.y * lanes;
  let group_count = min(lanes, 8u);
  sums[first + local.x] = value;
  workgroupBarrier();
  if (local.x < group_count) {
    var sum = vec2f(0.0);
    for (var lane = local.x; lane < lanes; lane += 8u) { sum += sums[first + lane]; }
    group_sums[local.y * group_count + local.x] = sum;
  }
  workgroupBarrier();
  var total = vec2f(0.0);
  for (var i = 0u; i < group_count; i++) { total += group_sums[local.y * group_count + i]; }
  return total;
}

@compute @workgroup_size(lanes, row_lanes)
fn forward(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let rows = row_count();
  let scale = 1.0 / f32(width);
  for (var first_row = group.x * row_lanes; first_row < rows; first_row += groups.x * row_lanes) {
    let row = first_row + local.y;
    // Lanes without a row still meet every barrier.
    let end = select(0u, width, row < rows);
    let base = row * width;
    var sum = 0.0;
    for (var c = local.x; c < end; c += lanes) { sum += x[base + c]; }
    let mean = row_sum(local, vec2f(sum, 0.0)).x * scale;
    // Two passes: the mean of squares minus the squared mean would cancel.
    var squares = 0.0;
    for (var c = local.x; c < end; c += lanes) {
      let centred = x[base + c] - mean;
      squares += centred * centred;
    }
    let variance = row_sum(local, vec2f(squares, 0.0)).x * scale;
    let inverse_deviation = 1.0 / sqrt(variance + epsilon);
    for (var c = local.x; c < end; c += lanes) {
      out[base + c] = (x[base + c] - mean) * inverse_deviation * weight[c] + bias[c];
    }
    if (local.x == 0u && row < rows) {
      moments_out[2u * row] = mean;
      moments_out[2u * row + 1u] = inverse_deviation;
    }
  }
}

@compute @workgroup_size(lanes, row_lanes)
fn backward(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let rows = row_count();
  let scale = 1.0 / f32(width);
  let columns = local.y * width;
  for (var c = local.x; c < width; c += lanes) { column_sums[columns + c] = vec2f(0.0); }
  for (var first_row = group.x * row_lanes; first_row < rows; first_row += groups.x * row_lanes) {
    let row = first_row + local.y;
    let end = select(0u, width, row < rows);
    let base = row * width;
    let safe_row = min(row, rows - 1u);
    let mean = moments[2u * safe_row];
    let inverse_deviation = moments[2u * safe_row + 1u];
    var sum = vec2f(0.0);
    for (var c = local.x; c < end; c += lanes) {
      let normal = (x[base + c] - mean) * inverse_deviation;
      let g = gradient[base + c];
      sum += g * weight[c] * vec2f(1.0, normal);
      column_sums[columns + c] += g * vec2f(normal, 1.0);
    }
    let means = row_sum(local, sum) * scale;
    for (var c = local.x; c < end; c += lanes) {
      let normal = (x[base + c] - mean) * inverse_deviation;
      var dx = inverse_deviation * (gradient[base + c] * weight[c] - means.x - normal * means.y);
      if (has_previous == 1u) { dx += previous[base + c]; }
      out[base + c] = dx;
    }
  }
  workgroupBarrier();
  for (var c = local.y * lanes + local.x; c < width; c += lanes * row_lanes) {
    var total = column_sums[c];
    for (var i = c + width; i < row_lanes * width; i += width) { total += column_sums[i]; }
    partials[group.x * 2u * width + c] = total.x;
    partials[group.x * 2u * width + width + c] = total.y;
  }
}
