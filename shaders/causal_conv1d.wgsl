// Depthwise convolution over time. Tap `taps` - 1 is the current frame; direction 1 looks back, -1 looks ahead.

override frames: u32 = 1u;
override width: u32 = 1u;
override taps: u32 = 1u;
override direction: i32 = 1;
override silu_after: bool = false;

const MOST_TAPS = 8u;

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
// The taps - 1 frames before frame 0, oldest first.
@group(0) @binding(3) var<storage, read> history: array<f32>;
@group(0) @binding(4) var<storage, read> gradient: array<f32>;
// Gradient by the sum before SiLU.
@group(0) @binding(5) var<storage, read> sum_gradient: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<storage, read_write> partials: array<f32>;
@group(0) @binding(8) var<storage, read_write> stored_history: array<f32>;

// Where tap k reads, relative to the current frame.
fn tap_offset(k: u32) -> i32 {
  return direction * (i32(k) - i32(taps - 1u));
}

fn sum_of_taps(i: u32) -> f32 {
  let d = i % width;
  let t = i32((i / width) % frames);
  var sum = bias[d];
  for (var k = 0u; k < taps; k++) {
    let offset = tap_offset(k);
    if (t + offset >= 0 && t + offset < i32(frames)) {
      sum += weight[d * taps + k] * x[u32(i32(i) + offset * i32(width))];
    }
  }
  return sum;
}

fn sum_of_taps_with_history(i: u32) -> f32 {
  let d = i % width;
  let t = (i / width) % frames;
  let first_past = (i / (width * frames)) * (taps - 1u) * width;
  var sum = bias[d];
  for (var k = 0u; k < taps; k++) {
    // Index of the frame in history followed by x.
    let frame = t + k;
    if (frame < taps - 1u) {
      sum += weight[d * taps + k] * history[first_past + frame * width + d];
    } else {
      sum += weight[d * taps + k] * x[i - (taps - 1u - k) * width];
    }
  }
  return sum;
}

fn after(sum: f32) -> f32 {
  if (silu_after) { return silu(sum); }
  return sum;
}

@compute @workgroup_size(256)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&x); i += groups.x * 256u) { out[i] = after(sum_of_taps(i)); }
}

@compute @workgroup_size(256)
fn forward_history(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&x); i += groups.x * 256u) {
    out[i] = after(sum_of_taps_with_history(i));
  }
}

@compute @workgroup_size(256)
fn backward_silu(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&x); i += groups.x * 256u) {
    out[i] = gradient[i] * silu_slope(sum_of_taps(i));
  }
}

// One channel and one block of rows per invocation. Frame s of x meets tap k at frame s - tap_offset(k): the same
// products serve the gradient by x and, summed over s, the gradient by the weight.
@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let d = id.x;
  if (d >= width) { return; }
  let rows = arrayLength(&x) / width;
  let rows_per_block = (rows + groups.y - 1u) / groups.y;
  let block = id.y;
  let end = min((block + 1u) * rows_per_block, rows);
  var weight_sums: array<f32, MOST_TAPS>;
  var bias_sum = 0.0;
  for (var row = block * rows_per_block; row < end; row++) {
    let i = row * width + d;
    let t = i32(row % frames);
    let value = x[i];
    var sum = 0.0;
    for (var k = 0u; k < taps; k++) {
      let offset = tap_offset(k);
      if (t - offset >= 0 && t - offset < i32(frames)) {
        let g = sum_gradient[u32(i32(i) - offset * i32(width))];
        sum += weight[d * taps + k] * g;
        weight_sums[k] += value * g;
      }
    }
    bias_sum += sum_gradient[i];
    out[i] = sum;
  }
  let base = block * width * (taps + 1u);
  for (var k = 0u; k < taps; k++) { partials[base + d * taps + k] = weight_sums[k]; }
  partials[base + width * taps + d] = bias_sum;
}

// Shifts x into the history. Frames in rising order: a frame is read before it is overwritten.
@compute @workgroup_size(64)
fn update_history(@builtin(global_invocation_id) id: vec3u) {
  let past = taps - 1u;
  if (id.x >= arrayLength(&stored_history) / past) { return; }
  let d = id.x % width;
  let b = id.x / width;
  for (var j = 0u; j < past; j++) {
    let frame = j + frames;
    let to = (b * past + j) * width + d;
    if (frame < past) {
      stored_history[to] = stored_history[(b * past + frame) * width + d];
    } else {
      stored_history[to] = x[(b * frames + frame - past) * width + d];
    }
  }
}
