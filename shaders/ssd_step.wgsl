// One frame of the state-space layer without chunks, for the live decoder: an invocation per number of x.

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> bc: array<vec4f>;
@group(0) @binding(3) var<storage, read> dt: array<f32>;
@group(0) @binding(4) var<storage, read> a_log: array<f32>;
@group(0) @binding(5) var<storage, read> d: array<f32>;
@group(0) @binding(6) var<storage, read> boundary: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> new_boundary: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn step(@builtin(global_invocation_id) id: vec3u) {
  let rows_of_batch = layer.heads * 4u * layer.head_dim;
  if (id.x >= rows_of_batch) { return; }
  let head = id.x / (4u * layer.head_dim);
  let at = id.y * rows_of_batch + id.x;
  let dt_own = dt[id.y * layer.heads + head];
  let kept = exp(min(-exp(a_log[head]) * dt_own, 0.0));
  let input = x[at] * select(1.0, dt_own, layer.scale_by_dt == 1u);
  let b = id.y * 2u * layer.d_state;
  var products = vec4f();
  for (var n = 0u; n < layer.d_state; n++) {
    var state = input * bc[b + n];
    if (layer.has_boundary == 1u) { state += kept * boundary[at * layer.d_state + n]; }
    new_boundary[at * layer.d_state + n] = state;
    products += state * bc[b + layer.d_state + n];
  }
  out[at] = d[head] * x[at] + dot(products, vec4f(1.0));
}
