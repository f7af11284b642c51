// Depthwise convolution over time with SiLU. An invocation walks four columns through a block of frames and keeps the
// last four frames in registers, so that every number is loaded once. In the second of two directions it walks from the last
// frame to the first: position s is frame s, or frame T-1-s. x has the directions' columns beside each other, and
// the result has their rows one after the other.

const BLOCK = 32u;

struct Sizes {
  frames: u32,
  // Of x; the result has as many for each direction.
  rows: u32,
  directions: u32,
  // Columns of a direction, of which the first `channels` are convolved; in vec4s.
  width: u32,
  channels: u32,
  taps: u32,
  silu: u32,
  has_previous: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
@group(0) @binding(3) var<storage, read> gradient: array<vec4f>;
// Added to the gradient by x, if there is one.
@group(0) @binding(4) var<storage, read> previous: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> partials: array<f32>;
@group(0) @binding(7) var<uniform> sizes: Sizes;

struct Walk {
  reversed: bool,
  // In vec4s, in a row of x.
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
fn x_before(walk: Walk, s: u32, back: u32) -> vec4f {
  if (s < back) { return vec4f(); }
  return x[place_at(walk, s - back)];
}

// Column k: weights of the k-th of the last four positions, the current one last; fewer taps have zeros for the oldest.
fn weights_of(channel: u32) -> mat4x4f {
  var weights = mat4x4f();
  for (var k = 0u; k < sizes.taps; k++) {
    let at = 4u * channel * sizes.taps + k + vec4u(0u, 1u, 2u, 3u) * sizes.taps;
    weights = moved_on(weights, vec4f(weight[at.x], weight[at.y], weight[at.z], weight[at.w]));
  }
  return weights;
}

fn moved_on(window: mat4x4f, next: vec4f) -> mat4x4f {
  return mat4x4f(window[1], window[2], window[3], next);
}

fn sum_of_products(a: mat4x4f, b: mat4x4f) -> vec4f {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
}

// Positions before the block; the first is not used.
fn window_before(walk: Walk) -> mat4x4f {
  let s = walk.begin;
  return mat4x4f(vec4f(), x_before(walk, s, 3u), x_before(walk, s, 2u), x_before(walk, s, 1u));
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= sizes.directions * sizes.channels) { return; }
  let walk = walk_of(id.y, id.x / sizes.channels, id.x % sizes.channels);
  let weights = weights_of(walk.channel);
  let of_channel = bias[walk.channel];
  let has_silu = sizes.silu == 1u;
  var window = window_before(walk);
  for (var s = walk.begin; s < walk.end; s++) {
    window = moved_on(window, x[place_at(walk, s)]);
    let sum = sum_of_products(window, weights) + of_channel;
    out[result_at(walk, s)] = select(sum, silu4(sum), has_silu);
  }
}

// Gradient by the sum before SiLU at position s, whose window of x is given.
fn gradient_at(walk: Walk, s: u32, window: mat4x4f, weights: mat4x4f, of_channel: vec4f) -> vec4f {
  if (s >= sizes.frames) { return vec4f(); }
  let slope = silu_slope4(sum_of_products(window, weights) + of_channel);
  return gradient[result_at(walk, s)] * select(vec4f(1.0), slope, sizes.silu == 1u);
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
      if (sizes.has_previous == 1u) { out[i] = previous[i]; } else { out[i] = vec4f(); }
    }
    return;
  }
  let weights = weights_of(walk.channel);
  let of_channel = bias[walk.channel];
  let backwards = mat4x4f(weights[3], weights[2], weights[1], weights[0]);
  var window = window_before(walk);
  // Of the positions from three before the entering one to it.
  var gradients = mat4x4f();
  var weight_sums = mat4x4f();
  var bias_sum = vec4f();
  for (var entering = walk.begin; entering < walk.end + 3u; entering++) {
    var entered = vec4f();
    if (entering < sizes.frames) { entered = x[place_at(walk, entering)]; }
    window = moved_on(window, entered);
    gradients = moved_on(gradients, gradient_at(walk, entering, window, weights, of_channel));
    if (entering < walk.begin + 3u) { continue; }
    let i = place_at(walk, entering - 3u);
    var sum = sum_of_products(gradients, backwards);
    if (sizes.has_previous == 1u) { sum += previous[i]; }
    out[i] = sum;
    weight_sums += mat4x4f(
      window[0] * gradients[0],
      window[0] * gradients[1],
      window[0] * gradients[2],
      window[0] * gradients[3],
    );
    bias_sum += gradients[0];
  }
  let channels = 4u * sizes.directions * sizes.channels;
  let base = id.y * channels * (sizes.taps + 1u);
  // The current frame's tap is the last.
  for (var k = 0u; k < sizes.taps; k++) {
    let at = base + 4u * walk.channel * sizes.taps + sizes.taps - 1u - k;
    let of_tap = weight_sums[0];
    partials[at] = of_tap.x;
    partials[at + sizes.taps] = of_tap.y;
    partials[at + 2u * sizes.taps] = of_tap.z;
    partials[at + 3u * sizes.taps] = of_tap.w;
    weight_sums = moved_on(weight_sums, vec4f());
  }
  let at = base + channels * sizes.taps + 4u * walk.channel;
  partials[at] = bias_sum.x;
  partials[at + 1u] = bias_sum.y;
  partials[at + 2u] = bias_sum.z;
  partials[at + 3u] = bias_sum.w;
}
