// Where lanes share the rows of their tiles: each loads a part and passes it round. Loads cost software adapters far more
// than arithmetic. With lanes.wgsl, which passes them round.

// Lanes that share take the same way: `padded` keeps their tiles together.
diagnostic(off, subgroup_uniformity);

// A quad, or eight lanes that are a whole subgroup.
override SHARING: u32 = 4u;

alias Four = vec4f;
alias Block = mat4x4f;

// All four are the rows that this lane loads: with a quad one of each four rows, with eight lanes the first two count.
fn places_of_rows(a: vec4u, b: vec4u, c: vec4u, d: vec4u, lane: u32) -> Places {
  let r = lane % 4u;
  var own = vec4u(a[r], b[r], c[r], d[r]);
  if (SHARING == 8u) { own = select(own.xzxz, own.ywyw, lane >= 4u); }
  return Places(own, own, own, own);
}

// The tile whose rows have been loaded from `Places`. What is not used is not loaded.
fn tile_of(own: mat4x4f, b: mat4x4f, c: mat4x4f, d: mat4x4f) -> Tile {
  if (SHARING == 8u) {
    return Tile(of_four(own[0], 0u), of_four(own[0], 4u), of_four(own[1], 0u), of_four(own[1], 4u));
  }
  return Tile(of_quad(own[0]), of_quad(own[1]), of_quad(own[2]), of_quad(own[3]));
}
