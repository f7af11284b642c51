// Depthwise convolution over time with SiLU. An invocation walks one column through a block of frames and keeps the
// last four in registers, so that every number is loaded once. In the second of two directions it walks from the last
// frame to the first: position s is frame s, or frame T-1-s. x has the directions' columns beside each other, and
// the result has their rows one after the other.

const BLOCK = 32u;

struct Sizes {
  frames: u32,
  // Of x; the result has as many for each direction.
  rows: u32,
  directions: u32,
  // Columns of a direction, of which the first `channels` are convolved.
  width: u32,
  channels: u32,
  taps: u32,
  silu: u32,
  has_previous: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> gradient: array<f32>;
// Added to the gradient by x, if there is one.
@group(0) @binding(4) var<storage, read> previous: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read_write> partials: array<f32>;
@group(0) @binding(7) var<uniform> sizes: Sizes;

struct Walk {
  reversed: bool,
  // In a row of x.
  column: u32,
  convolved: bool,
  // Of those that are convolved: index into the bias, and into the result at its direction's first row.
  channel: u32,
  result: u32,
  // First row of the batch entry.
  origin: u32,
  begin: u32,
  end: u32,
}

fn walk_of(block: u32, direction: u32, column: u32) -> Walk {
  let blocks = (sizes.frames + BLOCK - 1u) / BLOCK;
  let begin = block % blocks * BLOCK;
  return Walk(
    direction == 1u,
    direction * sizes.width + column,
    column < sizes.channels,
    direction * sizes.channels + column,
    direction * sizes.rows * sizes.channels + column,
    block / blocks * sizes.frames,
    begin,
    min(begin + BLOCK, sizes.frames),
  );
}

// Row of position s, which lies inside.
fn row_at(walk: Walk, s: u32) -> u32 {
  return walk.origin + select(s, sizes.frames - 1u - s, walk.reversed);
}

// Index into x.
fn place_at(walk: Walk, s: u32) -> u32 {
  return row_at(walk, s) * sizes.directions * sizes.width + walk.column;
}

// Index into the result.
fn result_at(walk: Walk, s: u32) -> u32 {
  return row_at(walk, s) * sizes.channels + walk.result;
}

// x at position s - back, 0 before the first.
fn x_before(walk: Walk, s: u32, back: u32) -> f32 {
  if (s < back) { return 0.0; }
  return x[place_at(walk, s - back)];
}

// Weights of the three positions before and of the current one; fewer taps have zeros for the oldest.
fn weights_of(channel: u32) -> vec4f {
  var weights = vec4f();
  for (var k = 0u; k < sizes.taps; k++) { weights = vec4f(weights.yzw, weight[channel * sizes.taps + k]); }
  return weights;
}

fn convolve(walk: Walk, past: vec3f) {
  let weights = weights_of(walk.channel);
  var window = vec4f(0.0, past);
  for (var s = walk.begin; s < walk.end; s++) {
    window = vec4f(window.yzw, x[place_at(walk, s)]);
    var sum = dot(window, weights) + bias[walk.channel];
    if (sizes.silu == 1u) { sum = silu(sum); }
    out[result_at(walk, s)] = sum;
  }
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= sizes.directions * sizes.channels) { return; }
  let walk = walk_of(id.y, id.x / sizes.channels, id.x % sizes.channels);
  let begin = walk.begin;
  convolve(walk, vec3f(x_before(walk, begin, 3u), x_before(walk, begin, 2u), x_before(walk, begin, 1u)));
}

// Gradient by the sum before SiLU at position s, whose window of x is given.
fn gradient_at(walk: Walk, s: u32, window: vec4f, weights: vec4f) -> f32 {
  if (s >= sizes.frames) { return 0.0; }
  var g = gradient[result_at(walk, s)];
  if (sizes.silu == 1u) { g *= silu_slope(dot(window, weights) + bias[walk.channel]); }
  return g;
}

// Position s of x meets the gradients of positions s to s + 3: the same products serve the gradient by x and, summed
// over the block, the gradient by the weight.
@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= sizes.directions * sizes.width) { return; }
  let walk = walk_of(id.y, id.x / sizes.width, id.x % sizes.width);
  if (!walk.convolved) {
    for (var s = walk.begin; s < walk.end; s++) {
      let i = place_at(walk, s);
      if (sizes.has_previous == 1u) { out[i] = previous[i]; } else { out[i] = 0.0; }
    }
    return;
  }
  let weights = weights_of(walk.channel);
  var window = vec4f(
    0.0,
    x_before(walk, walk.begin, 3u),
    x_before(walk, walk.begin, 2u),
    x_before(walk, walk.begin, 1u),
  );
  // Of the positions from three before the entering one to it.
  var gradients = vec4f();
  var weight_sums = vec4f();
  var bias_sum = 0.0;
  for (var entering = walk.begin; entering < walk.end + 3u; entering++) {
    var entered = 0.0;
    if (entering < sizes.frames) { entered = x[place_at(walk, entering)]; }
    window = vec4f(window.yzw, entered);
    gradients = vec4f(gradients.yzw, gradient_at(walk, entering, window, weights));
    if (entering < walk.begin + 3u) { continue; }
    let i = place_at(walk, entering - 3u);
    var sum = dot(gradients, weights.wzyx);
    if (sizes.has_previous == 1u) { sum += previous[i]; }
    out[i] = sum;
    weight_sums += window.x * gradients;
    bias_sum += gradients.x;
  }
  let channels = sizes.directions * sizes.channels;
  let base = id.y * channels * (sizes.taps + 1u);
  // The current frame's tap is the last.
  for (var k = 0u; k < sizes.taps; k++) {
    partials[base + walk.channel * sizes.taps + sizes.taps - 1u - k] = weight_sums.x;
    weight_sums = weight_sums.yzwx;
  }
  partials[base + channels * sizes.taps + walk.channel] = bias_sum;
}
