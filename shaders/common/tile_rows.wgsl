// Where each lane loads the rows of its tile itself.

const SHARING = 1u;

// Places of rows 0 to 3, 4 to 7, 8 to 11, 12 to 15.
struct Places {
  a: vec4u,
  b: vec4u,
  c: vec4u,
  d: vec4u,
}

fn places_of_rows(a: vec4u, b: vec4u, c: vec4u, d: vec4u, lane: u32) -> Places {
  return Places(a, b, c, d);
}

fn rows_at(source: ptr<storage, array<vec4f>, read>, places: Places, offset: u32) -> Tile {
  return Tile(
    load4(source, places.a + offset),
    load4(source, places.b + offset),
    load4(source, places.c + offset),
    load4(source, places.d + offset),
  );
}

// The same of what the kernel may write elsewhere.
fn written_rows_at(source: ptr<storage, array<vec4f>, read_write>, places: Places, offset: u32) -> Tile {
  let a = places.a + offset;
  let b = places.b + offset;
  let c = places.c + offset;
  let d = places.d + offset;
  return Tile(
    mat4x4f((*source)[a.x], (*source)[a.y], (*source)[a.z], (*source)[a.w]),
    mat4x4f((*source)[b.x], (*source)[b.y], (*source)[b.z], (*source)[b.w]),
    mat4x4f((*source)[c.x], (*source)[c.y], (*source)[c.z], (*source)[c.w]),
    mat4x4f((*source)[d.x], (*source)[d.y], (*source)[d.z], (*source)[d.w]),
  );
}
