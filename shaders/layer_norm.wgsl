// Layer norm over the last dimension, in vec4s; the lanes of a workgroup share a row.

override epsilon: f32 = 1e-5;

struct Sizes {
  // In vec4s.
  width: u32,
  has_previous: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> weight: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;
// Mean and 1 / standard deviation of each row.
@group(0) @binding(3) var<storage, read_write> moments_out: array<vec2f>;
@group(0) @binding(4) var<storage, read> moments: array<vec2f>;
@group(0) @binding(5) var<storage, read> gradient: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> partials: array<vec4f>;
// Added to the gradient by x, if there is one.
@group(0) @binding(8) var<storage, read> previous: array<vec4f>;
@group(0) @binding(9) var<uniform> sizes: Sizes;

fn rows_of_x(at: vec4u) -> mat4x4f {
  return mat4x4f(x[at.x], x[at.y], x[at.z], x[at.w]);
}

// Of each row the sum of its four numbers.
fn sums_of(rows: mat4x4f) -> vec4f {
  return vec4f(1.0) * rows;
}

fn centred(rows: mat4x4f, means: vec4f) -> mat4x4f {
  return mat4x4f(rows[0] - means.x, rows[1] - means.y, rows[2] - means.z, rows[3] - means.w);
}

// Four rows at once: for them weight and bias are loaded once, and one sum over the lanes serves four means. Past the end
// it is the last row again, with the same numbers.
@compute @workgroup_size(LANES)
fn forward(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let width = sizes.width;
  let last = arrayLength(&moments_out) - 1u;
  let scale = 0.25 / f32(width);
  for (var first = 4u * group.x; first <= last; first += 4u * groups.x) {
    let rows = min(first + vec4u(0u, 1u, 2u, 3u), vec4u(last));
    let begin = rows * width;
    var sums = vec4f();
    for (var c = lane; c < width; c += LANES) { sums += sums_of(rows_of_x(begin + c)); }
    let means = workgroup_sum(sums, lane) * scale;
    // Two passes: the mean of squares minus the squared mean would cancel.
    var squares = vec4f();
    for (var c = lane; c < width; c += LANES) {
      let from_mean = centred(rows_of_x(begin + c), means);
      squares += sums_of(mat4x4f(
        from_mean[0] * from_mean[0],
        from_mean[1] * from_mean[1],
        from_mean[2] * from_mean[2],
        from_mean[3] * from_mean[3],
      ));
    }
    let inverse_deviations = 1.0 / sqrt(workgroup_sum(squares, lane) * scale + epsilon);
    for (var c = lane; c < width; c += LANES) {
      let from_mean = centred(rows_of_x(begin + c), means);
      let of_column = weight[c];
      let added = bias[c];
      out[begin.x + c] = from_mean[0] * inverse_deviations.x * of_column + added;
      out[begin.y + c] = from_mean[1] * inverse_deviations.y * of_column + added;
      out[begin.z + c] = from_mean[2] * inverse_deviations.z * of_column + added;
      out[begin.w + c] = from_mean[3] * inverse_deviations.w * of_column + added;
    }
    if (lane == 0u) {
      for (var r = 0u; r < 4u; r++) { moments_out[rows[r]] = vec2f(means[r], inverse_deviations[r]); }
    }
  }
}

// A workgroup takes a block of rows: first the gradient by x, row by row, then the block's sums of the gradients by
// weight and bias, a column per lane; the rows are still in the cache.
@compute @workgroup_size(LANES)
fn backward(
  @builtin(local_invocation_index) lane: u32,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  let rows = arrayLength(&moments);
  let rows_per_block = (rows + groups.x - 1u) / groups.x;
  let begin = group.x * rows_per_block;
  let end = min(begin + rows_per_block, rows);
  let scale = 0.25 / f32(sizes.width);
  for (var row = begin; row < end; row++) {
    let base = row * sizes.width;
    let of_row = moments[row];
    var sum = vec2f();
    for (var c = lane; c < sizes.width; c += LANES) {
      let normal = (x[base + c] - of_row.x) * of_row.y;
      let g = gradient[base + c] * weight[c];
      sum += vec2f(dot(g, vec4f(1.0)), dot(g, normal));
    }
    let means = workgroup_sum(vec4f(sum, 0.0, 0.0), lane) * scale;
    for (var c = lane; c < sizes.width; c += LANES) {
      let normal = (x[base + c] - of_row.x) * of_row.y;
      var dx = of_row.y * (gradient[base + c] * weight[c] - means.x - normal * means.y);
      if (sizes.has_previous == 1u) { dx += previous[base + c]; }
      out[base + c] = dx;
    }
  }
  for (var c = lane; c < sizes.width; c += LANES) {
    var of_weight = vec4f();
    var of_bias = vec4f();
    for (var row = begin; row < end; row++) {
      let of_row = moments[row];
      let i = row * sizes.width + c;
      of_weight += gradient[i] * (x[i] - of_row.x) * of_row.y;
      of_bias += gradient[i];
    }
    partials[group.x * 2u * sizes.width + c] = of_weight;
    partials[group.x * 2u * sizes.width + sizes.width + c] = of_bias;
  }
}
