// Rotary position embedding of B and C, side by side in one row: pairs (i, i + N/2) turn by the frame's angle.

// N, the width of B and of C; even.
override state_width: u32 = 2u;
override frames: u32 = 1u;
// 1 rotates, -1 rotates back.
override turn: f32 = 1.0;

@group(0) @binding(0) var<storage, read> bc: array<f32>;
// Per frame N/2 cosines, then N/2 sines.
@group(0) @binding(1) var<storage, read> table: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(256)
fn rotate(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let half = state_width / 2u;
  let pairs = arrayLength(&bc) / 2u;
  for (var pair = id.x; pair < pairs; pair += groups.x * 256u) {
    let i = pair % half;
    let row = pair / state_width;
    // Which of B (0) and C (1).
    let part = (pair / half) % 2u;
    let angle = (row % frames) * state_width + i;
    let cosine = table[angle];
    let sine = turn * table[angle + half];
    let first = (2u * row + part) * state_width + i;
    let a = bc[first];
    let b = bc[first + half];
    out[first] = a * cosine - b * sine;
    out[first + half] = b * cosine + a * sine;
  }
}
