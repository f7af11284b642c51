// Depthwise convolution over time. Tap `taps` - 1 is the current frame; the others look back, or ahead when reversed.

const MOST_TAPS = 8u;

// Uniforms, not overrides: one pipeline per entry point serves every shape and direction.
struct Sizes {
  frames: u32,
  // Columns of x, of which the first `channels` are convolved.
  width: u32,
  channels: u32,
  taps: u32,
  reversed: u32,
  silu: u32,
  has_previous: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
// The taps - 1 frames before frame 0, oldest first.
@group(0) @binding(3) var<storage, read> history: array<f32>;
@group(0) @binding(4) var<storage, read> gradient: array<f32>;
// Added to the gradient by x, if there is one.
@group(0) @binding(5) var<storage, read> previous: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<storage, read_write> partials: array<f32>;
@group(0) @binding(8) var<storage, read_write> stored_history: array<f32>;
@group(0) @binding(9) var<uniform> sizes: Sizes;

// Where tap k reads, relative to the current frame.
fn tap_offset(k: u32) -> i32 {
  return select(1, -1, sizes.reversed == 1u) * (i32(k) - i32(sizes.taps - 1u));
}

fn is_inside(t: i32) -> bool {
  return t >= 0 && t < i32(sizes.frames);
}

fn sum_of_taps(row: u32, d: u32) -> f32 {
  let t = i32(row % sizes.frames);
  var sum = bias[d];
  for (var k = 0u; k < sizes.taps; k++) {
    let offset = tap_offset(k);
    if (is_inside(t + offset)) {
      sum += weight[d * sizes.taps + k] * x[u32(i32(row) + offset) * sizes.width + d];
    }
  }
  return sum;
}

fn sum_of_taps_with_history(row: u32, d: u32) -> f32 {
  let past = sizes.taps - 1u;
  let t = row % sizes.frames;
  let first_past = row / sizes.frames * past;
  var sum = bias[d];
  for (var k = 0u; k < sizes.taps; k++) {
    // Index of the frame in history followed by x.
    let frame = t + k;
    if (frame < past) {
      sum += weight[d * sizes.taps + k] * history[(first_past + frame) * sizes.channels + d];
    } else {
      sum += weight[d * sizes.taps + k] * x[(row + k - past) * sizes.width + d];
    }
  }
  return sum;
}

fn after(sum: f32) -> f32 {
  if (sizes.silu == 1u) { return silu(sum); }
  return sum;
}

@compute @workgroup_size(256)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) {
    out[i] = after(sum_of_taps(i / sizes.channels, i % sizes.channels));
  }
}

@compute @workgroup_size(256)
fn forward_history(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) {
    out[i] = after(sum_of_taps_with_history(i / sizes.channels, i % sizes.channels));
  }
}

// Gradients by the sums of the rows around the current one, a column per invocation: row r lies at r % MOST_TAPS.
var<workgroup> window: array<f32, MOST_TAPS * 64u>;

fn window_at(row: i32, lane: u32) -> u32 {
  return (u32(row) % MOST_TAPS) * 64u + lane;
}

// Gradient by the sum before SiLU, into the window; no row, no gradient.
fn enter(row: i32, d: u32, lane: u32) {
  let rows = arrayLength(&gradient) / sizes.channels;
  if (row < 0 || row >= i32(rows)) { return; }
  var g = gradient[u32(row) * sizes.channels + d];
  if (sizes.silu == 1u) { g *= silu_slope(sum_of_taps(u32(row), d)); }
  window[window_at(row, lane)] = g;
}

// One column and one block of rows per invocation. Frame s of x meets tap k at frame s - tap_offset(k): the same
// products serve the gradient by x and, summed over s, the gradient by the weight.
@compute @workgroup_size(64)
fn backward(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let d = id.x;
  if (d >= sizes.width) { return; }
  let rows = arrayLength(&out) / sizes.width;
  let rows_per_block = (rows + groups.y - 1u) / groups.y;
  let begin = id.y * rows_per_block;
  let end = min(begin + rows_per_block, rows);
  if (d >= sizes.channels) {
    for (var row = begin; row < end; row++) {
      let i = row * sizes.width + d;
      if (sizes.has_previous == 1u) { out[i] = previous[i]; } else { out[i] = 0.0; }
    }
    return;
  }
  let past = i32(sizes.taps - 1u);
  let ahead = select(past, 0, sizes.reversed == 1u);
  for (var k = 0; k < past; k++) { enter(i32(begin) + ahead - past + k, d, lane); }
  var weight_sums: array<f32, MOST_TAPS>;
  var bias_sum = 0.0;
  for (var row = begin; row < end; row++) {
    enter(i32(row) + ahead, d, lane);
    let i = row * sizes.width + d;
    let t = i32(row % sizes.frames);
    let value = x[i];
    var sum = 0.0;
    if (sizes.has_previous == 1u) { sum = previous[i]; }
    for (var k = 0u; k < sizes.taps; k++) {
      let offset = tap_offset(k);
      if (is_inside(t - offset)) {
        let g = window[window_at(i32(row) - offset, lane)];
        sum += weight[d * sizes.taps + k] * g;
        weight_sums[k] += value * g;
      }
    }
    bias_sum += window[window_at(i32(row), lane)];
    out[i] = sum;
  }
  let base = id.y * sizes.channels * (sizes.taps + 1u);
  for (var k = 0u; k < sizes.taps; k++) { partials[base + d * sizes.taps + k] = weight_sums[k]; }
  partials[base + sizes.channels * sizes.taps + d] = bias_sum;
}

// Shifts x into the history. Frames in rising order: a frame is read before it is overwritten.
@compute @workgroup_size(64)
fn update_history(@builtin(global_invocation_id) id: vec3u) {
  let past = sizes.taps - 1u;
  if (id.x >= arrayLength(&stored_history) / past) { return; }
  let d = id.x % sizes.channels;
  let b = id.x / sizes.channels;
  for (var j = 0u; j < past; j++) {
    let frame = j + sizes.frames;
    let to = (b * past + j) * sizes.channels + d;
    if (frame < past) {
      stored_history[to] = stored_history[(b * past + frame) * sizes.channels + d];
    } else {
      stored_history[to] = x[(b * sizes.frames + frame - past) * sizes.width + d];
    }
  }
}
