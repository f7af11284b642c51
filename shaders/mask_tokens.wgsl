// Replaces masked tokens by one vector; its gradient sums over the masked rows in two stages.

// Rows that one workgroup of the first stage sums.
override rows_per_part: u32 = 64u;

// B, T: samples and frames; D: width of a token. Rows are B*T.
@group(0) @binding(0) var<storage, read> tokens: array<f32>;     // [B, T, D]
@group(0) @binding(1) var<storage, read> mask: array<f32>;       // [B, T]
@group(0) @binding(2) var<storage, read> mask_token: array<f32>; // [D]
@group(0) @binding(3) var<storage, read> gradient: array<f32>;   // [B, T, D]
@group(0) @binding(4) var<storage, read> parts: array<f32>;      // [parts, D]
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

fn is_masked(row: u32) -> bool {
  return mask[row] > 0.5;
}

@compute @workgroup_size(256)
fn replace(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let width = arrayLength(&mask_token);
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) {
    let row = i / width;
    out[i] = select(tokens[i], mask_token[i - row * width], is_masked(row));
  }
}

@compute @workgroup_size(256)
fn tokens_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let width = arrayLength(&out) / arrayLength(&mask);
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) {
    out[i] = select(gradient[i], 0.0, is_masked(i / width));
  }
}

// Workgroup (x, y): 64 columns of part y.
@compute @workgroup_size(64)
fn token_parts(@builtin(global_invocation_id) id: vec3u) {
  let rows = arrayLength(&mask);
  let width = arrayLength(&gradient) / rows;
  if (id.x >= width) { return; }
  var sum = 0.0;
  for (var row = id.y * rows_per_part; row < min(rows, (id.y + 1u) * rows_per_part); row++) {
    if (is_masked(row)) { sum += gradient[row * width + id.x]; }
  }
  out[id.y * width + id.x] = sum;
}

@compute @workgroup_size(64)
fn token_sum(@builtin(global_invocation_id) id: vec3u) {
  let width = arrayLength(&out);
  if (id.x >= width) { return; }
  var sum = 0.0;
  for (var i = id.x; i < arrayLength(&parts); i += width) { sum += parts[i]; }
  out[id.x] = sum;
}
