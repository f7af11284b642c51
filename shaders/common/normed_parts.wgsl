// A row given as the sum of several, and its layer norm, in the memory of a workgroup of THREADS; the variance in a
// second pass. The including shader declares `parts` [B, S, D], `norm_weight` [D] and `norm_bias` [D].

const THREADS = 128u;
const MOST_QUADS = 384u;
const EPSILON = 1e-5;

// Zero from the last column on.
var<workgroup> normed: array<vec4f, MOST_QUADS>;
var<workgroup> thread_sums: array<f32, THREADS>;
var<workgroup> group_sums: array<f32, 8>;

// Every invocation calls it. A second call may write at once: all reads of the first lie before a barrier.
fn sum_of_all(value: f32, index: u32) -> f32 {
  thread_sums[index] = value;
  workgroupBarrier();
  var sum = 0.0;
  if (index < 8u) {
    for (var other = index; other < THREADS; other += 8u) { sum += thread_sums[other]; }
    group_sums[index] = sum;
  }
  workgroupBarrier();
  sum = 0.0;
  for (var i = 0u; i < 8u; i++) { sum += group_sums[i]; }
  return sum;
}

// Leaves the sum of the parts of batch entry b in `normed`, columns index, index + THREADS and so on.
fn sum_parts(b: u32, part_count: u32, columns: u32, index: u32) {
  for (var c = index; c < (columns + 3u) / 4u * 4u; c += THREADS) {
    var sum = 0.0;
    if (c < columns) {
      for (var s = 0u; s < part_count; s++) { sum += parts[(b * part_count + s) * columns + c]; }
    }
    normed[c / 4u][c % 4u] = sum;
  }
}

// After sum_parts by the same invocations.
fn norm_sum(columns: u32, index: u32) {
  var sum = 0.0;
  for (var c = index; c < columns; c += THREADS) { sum += normed[c / 4u][c % 4u]; }
  let mean = sum_of_all(sum, index) / f32(columns);
  var squares = 0.0;
  for (var c = index; c < columns; c += THREADS) {
    let centred = normed[c / 4u][c % 4u] - mean;
    squares += centred * centred;
  }
  let variance = sum_of_all(squares, index) / f32(columns);
  let scale = 1.0 / sqrt(variance + EPSILON);
  for (var c = index; c < columns; c += THREADS) {
    normed[c / 4u][c % 4u] = (normed[c / 4u][c % 4u] - mean) * scale * norm_weight[c] + norm_bias[c];
  }
  workgroupBarrier();
}
