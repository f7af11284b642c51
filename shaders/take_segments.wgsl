// Takes segments out of the recordings: the LFP, channel mask and behaviour of a batch, and the weights of its frames.

// T: frames of a segment; W: LFP columns; C: channels; K: behaviour columns.
struct Sizes {
  frames: u32,
  columns: u32,
  channels: u32,
  outputs: u32,
  place_width: u32,
}

// Bits, so that every number arrives as it is.
@group(0) @binding(0) var<storage, read> recordings: array<u32>;               // [rows, W + K + 1]
@group(0) @binding(1) var<storage, read> places: array<f32>;                   // [B, 3 and packed choices]
@group(0) @binding(2) var<storage, read_write> out_lfp: array<u32>;            // [B, T, W]
@group(0) @binding(3) var<storage, read_write> out_mask: array<u32>;           // [B, C]
@group(0) @binding(4) var<storage, read_write> out_behaviour: array<u32>;      // [B, T, K]
@group(0) @binding(5) var<storage, read_write> out_known: array<f32>;          // [B, T]
@group(0) @binding(6) var<storage, read_write> out_counted: array<f32>;        // [B, T]
@group(0) @binding(7) var<storage, read_write> out_chosen: array<f32>;         // [B, T]
@group(0) @binding(8) var<uniform> sizes: Sizes;

const PLACE_HEAD = 3u;
const CHOICES_PER_NUMBER = 24u;

fn is_chosen(place: u32, t: u32) -> bool {
  if (sizes.place_width == PLACE_HEAD) { return true; }
  let choices = u32(places[place + PLACE_HEAD + t / CHOICES_PER_NUMBER]);
  return ((choices >> (t % CHOICES_PER_NUMBER)) & 1u) == 1u;
}

// Invocations that share a row, each with every eighth column.
const LANES = 8u;

// Each segment takes T rows of frames and one of its channel mask, which comes last.
@compute @workgroup_size(256)
fn take(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let width = sizes.columns + sizes.outputs + 1u;
  let lines = sizes.frames + 1u;
  let all = arrayLength(&places) / sizes.place_width * lines;
  let lane = id.x % LANES;
  for (var line = id.x / LANES; line < all; line += groups.x * (256u / LANES)) {
    let sample = line / lines;
    let t = line - sample * lines;
    let place = sample * sizes.place_width;
    if (t == sizes.frames) {
      let row = u32(places[place]) * width;
      for (var c = lane; c < sizes.channels; c += LANES) {
        out_mask[sample * sizes.channels + c] = recordings[row + c];
      }
      continue;
    }
    let frame = sample * sizes.frames + t;
    let row = (u32(places[place + 1u]) + t) * width;
    for (var c = lane; c < sizes.columns; c += LANES) {
      out_lfp[frame * sizes.columns + c] = recordings[row + c];
    }
    for (var k = lane; k < sizes.outputs; k += LANES) {
      out_behaviour[frame * sizes.outputs + k] = recordings[row + sizes.columns + k];
    }
    if (lane == 0u) {
      let weight = places[place + 2u];
      out_known[frame] = weight * bitcast<f32>(recordings[row + width - 1u]);
      out_counted[frame] = weight;
      out_chosen[frame] = select(0.0, weight, is_chosen(place, t));
    }
  }
}
