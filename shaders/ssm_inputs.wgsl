// What the state-space layer reads, from one projection [rows, 2N + H] of its input: B and C turned by the angle of
// their frame, pairs (i, i + N/2), and dt = softplus(raw + bias). Of two directions the second half of the rows is the
// second direction's, with its own bias and table.

struct Sizes {
  // Of a direction.
  rows: u32,
  directions: u32,
  frames: u32,
  heads: u32,
  d_state: u32,
}

@group(0) @binding(0) var<storage, read> projected: array<f32>;
@group(0) @binding(1) var<storage, read> dt_bias: array<f32>;
// Per direction and frame N/2 cosines, then N/2 sines.
@group(0) @binding(2) var<storage, read> table: array<f32>;
@group(0) @binding(3) var<storage, read_write> bc: array<f32>;
@group(0) @binding(4) var<storage, read_write> dt: array<f32>;
@group(0) @binding(5) var<storage, read> bc_gradient: array<f32>;
@group(0) @binding(6) var<storage, read> dt_gradient: array<f32>;
@group(0) @binding(7) var<storage, read_write> out: array<f32>;
@group(0) @binding(8) var<storage, read_write> bias_gradient: array<f32>;
@group(0) @binding(9) var<uniform> sizes: Sizes;

fn direction_of(row: u32) -> u32 {
  return u32(row >= sizes.rows);
}

struct Pair {
  // Column of the first of the two, of 2N.
  column: u32,
  cosine: f32,
  sine: f32,
}

// Pair k of the row's N.
fn pair_of(row: u32, k: u32) -> Pair {
  let n = sizes.d_state;
  let half = n / 2u;
  let is_of_c = k >= half;
  let i = select(k, k - half, is_of_c);
  let angle = (direction_of(row) * sizes.frames + row % sizes.frames) * n + i;
  return Pair(select(i, n + i, is_of_c), table[angle], table[angle + half]);
}

// An invocation takes a pair, and one of the heads, of several rows.
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let heads = sizes.heads;
  let n = sizes.d_state;
  for (var row = id.y; row < sizes.directions * sizes.rows; row += groups.y) {
    let begin = row * (2u * n + heads);
    if (id.x < n) {
      let pair = pair_of(row, id.x);
      let to = row * 2u * n + pair.column;
      let a = projected[begin + pair.column];
      let b = projected[begin + pair.column + n / 2u];
      bc[to] = a * pair.cosine - b * pair.sine;
      bc[to + n / 2u] = b * pair.cosine + a * pair.sine;
    }
    if (id.x < heads) {
      let raw = projected[begin + 2u * n + id.x];
      dt[row * heads + id.x] = softplus(raw + dt_bias[direction_of(row) * heads + id.x]);
    }
  }
}

var<workgroup> sums: array<f32, 64>;

// The first workgroups take the dt of one head of one direction each and sum the bias gradient; the others turn B and C back.
@compute @workgroup_size(64)
fn backward(
  @builtin(local_invocation_index) index: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let heads = sizes.heads;
  let n = sizes.d_state;
  let all_heads = sizes.directions * heads;
  if (group.x >= all_heads) {
    for (var k = (group.x - all_heads) * 64u + index; k < sizes.directions * sizes.rows * n; k += (groups.x - all_heads) * 64u) {
      let row = k / n;
      let pair = pair_of(row, k % n);
      let source = row * 2u * n + pair.column;
      let to = row * (2u * n + heads) + pair.column;
      let a = bc_gradient[source];
      let b = bc_gradient[source + n / 2u];
      out[to] = a * pair.cosine + b * pair.sine;
      out[to + n / 2u] = b * pair.cosine - a * pair.sine;
    }
    return;
  }
  let head = group.x % heads;
  let first = group.x / heads * sizes.rows;
  var sum = 0.0;
  for (var row = first + index; row < first + sizes.rows; row += 64u) {
    let at = row * (2u * n + heads) + 2u * n + head;
    let gradient = dt_gradient[row * heads + head] * sigmoid(projected[at] + dt_bias[group.x]);
    out[at] = gradient;
    sum += gradient;
  }
  sums[index] = sum;
  workgroupBarrier();
  if (index == 0u) {
    for (var other = 1u; other < 64u; other++) { sum += sums[other]; }
    bias_gradient[group.x] = sum;
  }
}
