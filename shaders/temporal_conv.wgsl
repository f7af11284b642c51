// The tokenizer's convolution: three taps over time, the same filters for every channel, bands as filter inputs.

override frames: u32 = 1u;
override channels: u32 = 1u;
override bands: u32 = 1u;
override filters: u32 = 1u;
// Frames from the current one to the newest tap: 0 when causal, 1 when centred.
override ahead: i32 = 0;

@group(0) @binding(0) var<storage, read> lfp: array<f32>;
@group(0) @binding(1) var<storage, read> mask: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> gradient: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read_write> partials: array<f32>;

struct Place {
  b: u32,
  t: i32,
  c: u32,
}

// A row is one channel in one frame.
fn place_of(row: u32) -> Place {
  let frame = row / channels;
  return Place(frame / frames, i32(frame % frames), row % channels);
}

// Three taps of one band of one channel; outside the sequence zero.
fn taps_of(at: Place, band: u32) -> vec3f {
  let column = at.c * bands + band;
  var taps: vec3f;
  for (var k = 0; k < 3; k++) {
    let t = at.t + k - 2 + ahead;
    if (t >= 0 && t < i32(frames)) {
      taps[k] = lfp[(at.b * frames + u32(t)) * channels * bands + column];
    }
  }
  return taps;
}

fn filter_of(o: u32, band: u32) -> vec3f {
  let first = (o * bands + band) * 3u;
  return vec3f(weight[first], weight[first + 1u], weight[first + 2u]);
}

fn weighted(taps: vec3f, filter_taps: vec3f) -> f32 {
  return taps.x * filter_taps.x + taps.y * filter_taps.y + taps.z * filter_taps.z;
}

// One row per invocation: its filters share the taps.
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var row = id.x; row < arrayLength(&out) / filters; row += groups.x * 64u) {
    let at = place_of(row);
    let kept = mask[at.b * channels + at.c];
    let of_first_band = kept * taps_of(at, 0u);
    for (var o = 0u; o < filters; o++) {
      var sum = bias[o] + weighted(of_first_band, filter_of(o, 0u));
      for (var band = 1u; band < bands; band++) {
        sum += weighted(kept * taps_of(at, band), filter_of(o, band));
      }
      out[row * filters + o] = sum;
    }
  }
}

// A workgroup takes a block of rows for one pair of filter and band: three tap sums and, in w, the bias sum.
@compute @workgroup_size(LANES)
fn backward(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let rows = arrayLength(&gradient) / filters;
  let rows_per_block = (rows + groups.x - 1u) / groups.x;
  let begin = group.x * rows_per_block;
  let pair = group.y;
  let o = pair / bands;
  let band = pair % bands;
  var sum = vec4f();
  for (var row = begin + lane; row < min(begin + rows_per_block, rows); row += LANES) {
    let at = place_of(row);
    let kept = mask[at.b * channels + at.c];
    sum += gradient[row * filters + o] * vec4f(kept * taps_of(at, band), 1.0);
  }
  let total = workgroup_sum(sum, lane);
  if (lane > 0u) { return; }
  let base = group.x * filters * (3u * bands + 1u);
  partials[base + 3u * pair] = total.x;
  partials[base + 3u * pair + 1u] = total.y;
  partials[base + 3u * pair + 2u] = total.z;
  if (band == 0u) { partials[base + 3u * filters * bands + o] = total.w; }
}
