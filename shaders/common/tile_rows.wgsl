// Where each lane loads the rows of its tile itself.

const SHARING = 1u;

fn places_of_rows(a: vec4u, b: vec4u, c: vec4u, d: vec4u, lane: u32) -> Places {
  return Places(a, b, c, d);
}

// The tile whose rows have been loaded from `Places`.
fn tile_of(a: mat4x4f, b: mat4x4f, c: mat4x4f, d: mat4x4f) -> Tile {
  return Tile(a, b, c, d);
}
