// The tokenizer's features of one frame: convolution over the last three frames, GELU, and causal channel attention.
// B batch, C channels, W = C * bands columns. One workgroup per batch entry.

struct Sizes {
  channels: u32,
  bands: u32,
  filters: u32,
  // Taps of the attention; odd.
  reach_taps: u32,
}

@group(0) @binding(0) var<storage, read> lfp: array<f32>;
@group(0) @binding(1) var<storage, read> mask: array<f32>;
// [filters, bands, 3]
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> attention: array<f32>;
// [1], frames before this one.
@group(0) @binding(5) var<storage, read> count: array<f32>;
// [B, 2W + C]: the two frames before this one, oldest first; then the sum over time of each channel's mean feature.
@group(0) @binding(6) var<storage, read_write> memory: array<f32>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;
@group(0) @binding(8) var<uniform> sizes: Sizes;

// Convolution and GELU of one channel; the frame enters the memory.
fn enter(b: u32, c: u32) {
  let columns = sizes.channels * sizes.bands;
  let start = b * (2u * columns + sizes.channels);
  let first = c * sizes.bands;
  let kept = mask[b * sizes.channels + c];
  var total = 0.0;
  for (var o = 0u; o < sizes.filters; o++) {
    var sum = 0.0;
    for (var band = 0u; band < sizes.bands; band++) {
      let taps = (o * sizes.bands + band) * 3u;
      let column = first + band;
      sum += weight[taps] * memory[start + column]
        + weight[taps + 1u] * memory[start + columns + column]
        + weight[taps + 2u] * lfp[b * columns + column];
    }
    let feature = gelu(bias[o] + kept * sum);
    out[(b * sizes.channels + c) * sizes.filters + o] = feature;
    total += feature;
  }
  for (var column = first; column < first + sizes.bands; column++) {
    memory[start + column] = memory[start + columns + column];
    memory[start + columns + column] = lfp[b * columns + column];
  }
  memory[start + 2u * columns + c] += total / f32(sizes.filters);
}

fn factor(b: u32, c: u32) -> f32 {
  let columns = sizes.channels * sizes.bands;
  let sums = b * (2u * columns + sizes.channels) + 2u * columns;
  let reach = sizes.reach_taps / 2u;
  var logit = 0.0;
  for (var j = 0u; j < sizes.reach_taps; j++) {
    let source = c + j;
    if (source >= reach && source - reach < sizes.channels) {
      logit += attention[j] * memory[sums + source - reach];
    }
  }
  return sigmoid(logit / (count[0] + 1.0));
}

@compute @workgroup_size(256)
fn step(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3u) {
  let b = group.x;
  for (var c = index; c < sizes.channels; c += 256u) { enter(b, c); }
  storageBarrier();
  for (var c = index; c < sizes.channels; c += 256u) {
    let scale = factor(b, c);
    let first = (b * sizes.channels + c) * sizes.filters;
    for (var o = first; o < first + sizes.filters; o++) { out[o] *= scale; }
  }
}
