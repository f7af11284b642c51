// Where lanes share the rows of their tiles: each loads a part and passes it round. Loads cost software adapters far more
// than arithmetic.
enable subgroups;
// Lanes that share take the same way: `padded` keeps their tiles together.
diagnostic(off, subgroup_uniformity);

// A quad, or eight lanes that are a whole subgroup.
override SHARING: u32 = 4u;

// All four are the rows that this lane loads: with a quad one of each four rows, with eight lanes the first two count.
fn places_of_rows(a: vec4u, b: vec4u, c: vec4u, d: vec4u, lane: u32) -> Places {
  let r = lane % 4u;
  var own = vec4u(a[r], b[r], c[r], d[r]);
  if (SHARING == 8u) { own = select(own.xzxz, own.ywyw, lane >= 4u); }
  return Places(own, own, own, own);
}

fn of_quad(own: vec4f) -> mat4x4f {
  return mat4x4f(quadBroadcast(own, 0u), quadBroadcast(own, 1u), quadBroadcast(own, 2u), quadBroadcast(own, 3u));
}

fn of_first_four(own: vec4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(own, 0u),
    subgroupBroadcast(own, 1u),
    subgroupBroadcast(own, 2u),
    subgroupBroadcast(own, 3u),
  );
}

fn of_last_four(own: vec4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(own, 4u),
    subgroupBroadcast(own, 5u),
    subgroupBroadcast(own, 6u),
    subgroupBroadcast(own, 7u),
  );
}

// The tile whose rows have been loaded from `Places`. What is not used is not loaded.
fn tile_of(own: mat4x4f, b: mat4x4f, c: mat4x4f, d: mat4x4f) -> Tile {
  if (SHARING == 8u) {
    return Tile(of_first_four(own[0]), of_last_four(own[0]), of_first_four(own[1]), of_last_four(own[1]));
  }
  return Tile(of_quad(own[0]), of_quad(own[1]), of_quad(own[2]), of_quad(own[3]));
}
