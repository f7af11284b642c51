// What this adapter can do at best: multiply-adds that stay in registers, and a copy.

override rounds: u32 = 1u;

@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;

// Eight independent chains of vec4 multiply-adds, eight per round: 8 * 8 * 4 * 2 operations per invocation and round.
@compute @workgroup_size(64)
fn multiply_add(@builtin(global_invocation_id) id: vec3u) {
  let factor = source[0];
  let term = source[1];
  var a = term + f32(id.x);
  var b = a + 1.0;
  var c = a + 2.0;
  var d = a + 3.0;
  var e = a + 4.0;
  var f = a + 5.0;
  var g = a + 6.0;
  var h = a + 7.0;
  for (var round = 0u; round < rounds; round++) {
    for (var i = 0u; i < 8u; i++) {
      a = fma(a, factor, term);
      b = fma(b, factor, term);
      c = fma(c, factor, term);
      d = fma(d, factor, term);
      e = fma(e, factor, term);
      f = fma(f, factor, term);
      g = fma(g, factor, term);
      h = fma(h, factor, term);
    }
  }
  out[id.x] = a + b + c + d + e + f + g + h;
}

@compute @workgroup_size(256)
fn copy(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&out); i += groups.x * 256u) { out[i] = source[i]; }
}
