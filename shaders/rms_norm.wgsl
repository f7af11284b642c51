// Gated RMS norm over the last dimension: u = y * silu(z), out = u / rms(u) * weight. A row belongs to `lanes`
// invocations; `row_lanes` rows share a workgroup. The gate is computed again instead of stored.

override width: u32 = 1u;
override epsilon: f32 = 1e-5;
// A power of two; lanes * row_lanes <= 256.
override lanes: u32 = 1u;
override row_lanes: u32 = 1u;

@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> z: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
// 1 / root mean square of each row.
@group(0) @binding(3) var<storage, read_write> scales_out: array<f32>;
@group(0) @binding(4) var<storage, read> scales: array<f32>;
@group(0) @binding(5) var<storage, read> gradient: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<storage, read_write> out_z: array<f32>;
@group(0) @binding(8) var<storage, read_write> partials: array<f32>;

var<workgroup> sums: array<f32, 256>;
var<workgroup> group_sums: array<f32, 256>;
// Weight gradient of the rows that each row lane has seen.
var<workgroup> column_sums: array<f32, row_lanes * width>;

// The size of the tensor, not an override: one pipeline then serves every number of rows.
fn row_count() -> u32 {
  return arrayLength(&y) / width;
}

fn gated(i: u32) -> f32 {
  return y[i] * silu(z[i]);
}

// Sum over the lanes of each row; every invocation of the workgroup must call it.
fn row_sum(local: vec3u, value: f32) -> f32 {
  let first = local.y * lanes;
  let group_count = min(lanes, 8u);
  sums[first + local.x] = value;
  workgroupBarrier();
  if (local.x < group_count) {
    var sum = 0.0;
    for (var lane = local.x; lane < lanes; lane += 8u) { sum += sums[first + lane]; }
    group_sums[local.y * group_count + local.x] = sum;
  }
  workgroupBarrier();
  var total = 0.0;
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
  for (var first_row = group.x * row_lanes; first_row < rows; first_row += groups.x * row_lanes) {
    let row = first_row + local.y;
    // Lanes without a row still meet every barrier.
    let end = select(0u, width, row < rows);
    let base = row * width;
    var squares = 0.0;
    for (var c = local.x; c < end; c += lanes) {
      let u = gated(base + c);
      squares += u * u;
    }
    let scale = 1.0 / sqrt(row_sum(local, squares) / f32(width) + epsilon);
    for (var c = local.x; c < end; c += lanes) { out[base + c] = gated(base + c) * scale * weight[c]; }
    if (local.x == 0u && row < rows) { scales_out[row] = scale; }
  }
}

@compute @workgroup_size(lanes, row_lanes)
fn backward(
  @builtin(local_invocation_id) local: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let rows = row_count();
  let columns = local.y * width;
  for (var c = local.x; c < width; c += lanes) { column_sums[columns + c] = 0.0; }
  for (var first_row = group.x * row_lanes; first_row < rows; first_row += groups.x * row_lanes) {
    let row = first_row + local.y;
    let end = select(0u, width, row < rows);
    let base = row * width;
    let scale = scales[min(row, rows - 1u)];
    var sum = 0.0;
    for (var c = local.x; c < end; c += lanes) {
      let normal = gated(base + c) * scale;
      let g = gradient[base + c];
      sum += g * weight[c] * normal;
      column_sums[columns + c] += g * normal;
    }
    let mean = row_sum(local, sum) / f32(width);
    for (var c = local.x; c < end; c += lanes) {
      let i = base + c;
      let du = scale * (gradient[i] * weight[c] - gated(i) * scale * mean);
      out[i] = du * silu(z[i]);
      out_z[i] = du * y[i] * silu_slope(z[i]);
    }
  }
  workgroupBarrier();
  for (var c = local.y * lanes + local.x; c < width; c += lanes * row_lanes) {
    var total = column_sums[c];
    for (var i = c + width; i < row_lanes * width; i += width) { total += column_sums[i]; }
    partials[group.x * width + c] = total;
  }
}
