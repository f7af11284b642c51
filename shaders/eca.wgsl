// Efficient channel attention: the mean feature of each channel over time, a short convolution along the channels,
// a sigmoid, a factor on the features. Sums over time run inside chunks of frames and then over chunks.

override frames: u32 = 1u;
override channels: u32 = 1u;
override features: u32 = 1u;
// Odd.
override kernel_size: u32 = 1u;
override chunk: u32 = 1u;
// The mean up to each frame; otherwise one mean over all frames.
override causal: bool = false;

@group(0) @binding(0) var<storage, read> f: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
// [B, T, C] when causal, else [B, C].
@group(0) @binding(2) var<storage, read> mean: array<f32>;
// Running sum within the chunk, [B, T, C].
@group(0) @binding(3) var<storage, read> chunk_sum: array<f32>;
@group(0) @binding(4) var<storage, read> gradient: array<f32>;
// Gradient by the sigmoid's argument, [B, T, C].
@group(0) @binding(5) var<storage, read> logit_gradient: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

// A frame of a batch entry times `channels`: index of its first channel in [B, T, C].
fn first_channel(b: u32, t: u32) -> u32 {
  return (b * frames + t) * channels;
}

// Where the mean that frame `row` = b * frames + t sees begins.
fn mean_row(row: u32) -> u32 {
  if (causal) { return row * channels; }
  return (row / frames) * channels;
}

fn mean_feature(i: u32) -> f32 {
  var sum = 0.0;
  for (var k = 0u; k < features; k++) { sum += f[i * features + k]; }
  return sum / f32(features);
}

fn logit(row: u32, c: u32) -> f32 {
  let first = mean_row(row);
  let reach = kernel_size / 2u;
  var sum = 0.0;
  for (var j = 0u; j < kernel_size; j++) {
    let source = c + j;
    if (source >= reach && source - reach < channels) { sum += weight[j] * mean[first + source - reach]; }
  }
  return sum;
}

// One channel and one chunk per invocation.
@compute @workgroup_size(64)
fn sum_chunks(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= channels) { return; }
  let chunks = (frames + chunk - 1u) / chunk;
  let b = id.y / chunks;
  let start = (id.y % chunks) * chunk;
  var sum = 0.0;
  for (var t = start; t < min(start + chunk, frames); t++) {
    let i = first_channel(b, t) + id.x;
    sum += mean_feature(i);
    out[i] = sum;
  }
}

// Sum over all frames up to t, from the sums within chunks.
fn running_sum(b: u32, t: u32, c: u32) -> f32 {
  var sum = 0.0;
  for (var last = chunk - 1u; last < t; last += chunk) { sum += chunk_sum[first_channel(b, last) + c]; }
  return sum + chunk_sum[first_channel(b, t) + c];
}

@compute @workgroup_size(256)
fn means(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) {
    let c = i % channels;
    let row = i / channels;
    if (causal) {
      let t = row % frames;
      out[i] = running_sum(row / frames, t, c) / f32(t + 1u);
    } else {
      out[i] = running_sum(row, frames - 1u, c) / f32(frames);
    }
  }
}

// One channel of one frame per invocation: its features share the factor.
@compute @workgroup_size(64)
fn apply(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out) / features; i += groups.x * 64u) {
    let factor = sigmoid(logit(i / channels, i % channels));
    for (var k = i * features; k < (i + 1u) * features; k++) { out[k] = f[k] * factor; }
  }
}

@compute @workgroup_size(256)
fn backward_logit(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) {
    var sum = 0.0;
    for (var k = i * features; k < (i + 1u) * features; k++) { sum += gradient[k] * f[k]; }
    out[i] = sum * sigmoid_slope(logit(i / channels, i % channels));
  }
}

// One block of [B, T, C] and one tap per workgroup.
@compute @workgroup_size(LANES)
fn backward_weight(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let size = arrayLength(&logit_gradient);
  let per_block = (size + groups.x - 1u) / groups.x;
  let end = min((group.x + 1u) * per_block, size);
  let reach = kernel_size / 2u;
  var sum = 0.0;
  for (var i = group.x * per_block + lane; i < end; i += LANES) {
    let source = i % channels + group.y;
    if (source >= reach && source - reach < channels) {
      sum += logit_gradient[i] * mean[mean_row(i / channels) + source - reach];
    }
  }
  let total = workgroup_sum(vec4f(sum, 0.0, 0.0, 0.0), lane).x;
  if (lane == 0u) { out[group.x * kernel_size + group.y] = total; }
}

// Gradient by the mean feature of frame t: every mean from frame t on holds it. Sums from the chunk's last frame
// back; one channel and one chunk per invocation.
@compute @workgroup_size(64)
fn backward_chunks(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= channels) { return; }
  let chunks = (frames + chunk - 1u) / chunk;
  let b = id.y / chunks;
  let start = (id.y % chunks) * chunk;
  let reach = kernel_size / 2u;
  var sum = 0.0;
  for (var t = min(start + chunk, frames); t > start; t--) {
    let first = first_channel(b, t - 1u);
    var mean_gradient = 0.0;
    for (var j = 0u; j < kernel_size; j++) {
      let to = id.x + reach;
      if (to >= j && to - j < channels) { mean_gradient += weight[j] * logit_gradient[first + to - j]; }
    }
    sum += mean_gradient / f32(select(frames, t, causal));
    out[first + id.x] = sum;
  }
}

// chunk_sum holds what backward_chunks wrote. One channel of one frame per invocation.
@compute @workgroup_size(64)
fn backward_features(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out) / features; i += groups.x * 64u) {
    let row = i / channels;
    let c = i % channels;
    let t = row % frames;
    let b = row / frames;
    var sum = 0.0;
    if (causal) { sum = chunk_sum[i]; }
    for (var start = select(0u, (t / chunk + 1u) * chunk, causal); start < frames; start += chunk) {
      sum += chunk_sum[first_channel(b, start) + c];
    }
    let factor = sigmoid(logit(row, c));
    let by_mean = sum / f32(features);
    for (var k = i * features; k < (i + 1u) * features; k++) { out[k] = gradient[k] * factor + by_mean; }
  }
}
