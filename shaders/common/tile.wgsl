// A tile of 16 rows by four columns in registers: columns 0 to 3 of `a` are its first four rows, of `b` the next, ...
struct Tile {
  a: mat4x4f,
  b: mat4x4f,
  c: mat4x4f,
  d: mat4x4f,
}

// The four rows of part r, for loops over the parts: less to compile than four times the same. Chosen, because memory
// indexed by a variable costs every adapter more.
fn part_of(tile: Tile, r: u32) -> mat4x4f {
  return either(either(tile.a, tile.b, r == 1u), either(tile.c, tile.d, r == 3u), r >= 2u);
}

fn add_to_part(tile: ptr<function, Tile>, r: u32, rows: mat4x4f) {
  (*tile).a += either(mat4x4f(), rows, r == 0u);
  (*tile).b += either(mat4x4f(), rows, r == 1u);
  (*tile).c += either(mat4x4f(), rows, r == 2u);
  (*tile).d += either(mat4x4f(), rows, r == 3u);
}

fn either(a: mat4x4f, b: mat4x4f, is_b: bool) -> mat4x4f {
  return mat4x4f(
    select(a[0], b[0], is_b),
    select(a[1], b[1], is_b),
    select(a[2], b[2], is_b),
    select(a[3], b[3], is_b),
  );
}

// Column r of `rows` holds four numbers of row r, one for each column of `others`.
fn add_product(tile: ptr<function, Tile>, others: mat4x4f, rows: Tile) {
  (*tile).a += others * rows.a;
  (*tile).b += others * rows.b;
  (*tile).c += others * rows.c;
  (*tile).d += others * rows.d;
}

fn transposed(tile: Tile) -> Tile {
  return Tile(transpose(tile.a), transpose(tile.b), transpose(tile.c), transpose(tile.d));
}

fn columns_times(columns: mat4x4f, factors: vec4f) -> mat4x4f {
  return mat4x4f(
    columns[0] * factors.x,
    columns[1] * factors.y,
    columns[2] * factors.z,
    columns[3] * factors.w,
  );
}

fn columns_product(left: mat4x4f, right: mat4x4f) -> mat4x4f {
  return mat4x4f(left[0] * right[0], left[1] * right[1], left[2] * right[2], left[3] * right[3]);
}

// Where the rows of a tile lie, for what loads them: rows 0 to 3, 4 to 7, 8 to 11, 12 to 15, or a lane's share of them.
struct Places {
  a: vec4u,
  b: vec4u,
  c: vec4u,
  d: vec4u,
}
