// Where lanes share the rows of their tiles: each loads a part and passes it round. Loads cost software adapters far more
// than arithmetic.
enable subgroups;
// Lanes that share take the same way: `padded` keeps their tiles together.
diagnostic(off, subgroup_uniformity);

// A quad, or eight lanes that are a whole subgroup.
override SHARING: u32 = 4u;

// Of the rows that this lane loads; with eight lanes the first two count.
alias Places = vec4u;

fn places_of_rows(a: vec4u, b: vec4u, c: vec4u, d: vec4u, lane: u32) -> Places {
  let r = lane % 4u;
  if (SHARING == 8u) { return select(vec4u(a[r], c[r], 0u, 0u), vec4u(b[r], d[r], 0u, 0u), lane >= 4u); }
  return vec4u(a[r], b[r], c[r], d[r]);
}

fn of_quad(own: vec4f) -> mat4x4f {
  return mat4x4f(quadBroadcast(own, 0u), quadBroadcast(own, 1u), quadBroadcast(own, 2u), quadBroadcast(own, 3u));
}

fn of_four(x: vec4f, y: vec4f, z: vec4f, w: vec4f) -> Tile {
  return Tile(of_quad(x), of_quad(y), of_quad(z), of_quad(w));
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

fn of_eight(x: vec4f, y: vec4f) -> Tile {
  return Tile(of_first_four(x), of_last_four(x), of_first_four(y), of_last_four(y));
}

fn rows_at(source: ptr<storage, array<vec4f>, read>, places: Places, offset: u32) -> Tile {
  let at = places + offset;
  if (SHARING == 8u) { return of_eight((*source)[at.x], (*source)[at.y]); }
  return of_four((*source)[at.x], (*source)[at.y], (*source)[at.z], (*source)[at.w]);
}

// The same of what the kernel may write elsewhere.
fn written_rows_at(source: ptr<storage, array<vec4f>, read_write>, places: Places, offset: u32) -> Tile {
  let at = places + offset;
  if (SHARING == 8u) { return of_eight((*source)[at.x], (*source)[at.y]); }
  return of_four((*source)[at.x], (*source)[at.y], (*source)[at.z], (*source)[at.w]);
}
