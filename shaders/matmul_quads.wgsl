// The matrix product where there are subgroups: 16 rows by 4 columns of out per invocation. The lanes of a quad, or the
// eight of a subgroup, share the loads of A and pass them round, so that a number of A is loaded by one lane of them and
// a number of B serves 16 rows: twice as fast as 4x4 tiles on lavapipe and SwiftShader, whose loads cost more than their
// arithmetic; eight lanes instead of four are another sixth.

override group_columns: u32 = 32u;
// Lanes that share: 4 or, where they are a whole subgroup, 8.
override sharing: u32 = 4u;

const ROWS = 16u;

// Four rows of A of which each of four lanes has loaded one, or, transposed, the same columns of four rows.
fn turned(rows: Block) -> Block {
  if (transpose_a) { return transpose(rows); }
  return rows;
}

// K, N and the contiguous dimensions of A and B are multiples of 4. All lanes of a workgroup share their rows.
@compute @workgroup_size(group_columns)
fn multiply_quads(
  @builtin(workgroup_id) group: vec3u,
  @builtin(local_invocation_index) index: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  // Neither transposed, rows come first: a few columns of B stay in the cache, whose rows lie far apart.
  let place = select(group.yx, group.xy, transpose_a || transpose_b);
  let row = sizes.first_row + place.y * ROWS;
  // Past the end a lane computes the last columns again: its neighbours need what it loads.
  let own_column = (place.x * group_columns + index) * 4u;
  let column = min(own_column, sizes.n - 4u);
  let share = share_of(group.z);
  let blocks = blocks_of_b(share, column);
  let start = share.batch * sizes.batch_step_a / 4u;
  // A lane loads rows own, own + sharing, ... of the 16; transposed, of row own % 4 of the four that a round takes the
  // numbers own / 4, own / 4 + sharing / 4, ... With eight lanes the first two count.
  let own = lane % sharing;
  let apart = sharing * vec4u(0u, 1u, 2u, 3u);
  var places = start + min(row + own + apart, vec4u(sizes.m - 1u)) * (sizes.row_step_a / 4u) + share.begin / 4u;
  var advance = 1u;
  if (transpose_a) {
    places = start + (share.begin + own % 4u) * (sizes.step_a / 4u)
      + min((row + own / 4u * 4u + apart) / 4u, vec4u(sizes.m / 4u - 1u));
    advance = sizes.step_a;
  }
  var first = first_rows(column);
  var second = first;
  var third = first;
  var fourth = first;
  for (var i = 0u; i < (share.end - share.begin) / 4u; i++) {
    let of_b = block_of_b(blocks, i);
    let at = places + i * advance;
    if (sharing == 8u) {
      let x = a_at(at.x);
      let y = a_at(at.y);
      first += mat4x4f(of_b * turned(of_four(x, 0u)));
      second += mat4x4f(of_b * turned(of_four(x, 4u)));
      third += mat4x4f(of_b * turned(of_four(y, 0u)));
      fourth += mat4x4f(of_b * turned(of_four(y, 4u)));
    } else {
      first += mat4x4f(of_b * turned(of_quad(a_at(at.x))));
      second += mat4x4f(of_b * turned(of_quad(a_at(at.y))));
      third += mat4x4f(of_b * turned(of_quad(a_at(at.z))));
      fourth += mat4x4f(of_b * turned(of_quad(a_at(at.w))));
    }
  }
  if (own_column >= sizes.n) { return; }
  // One after the other: less to compile than four times the same.
  let tile = Tile(first, second, third, fourth);
  for (var r = 0u; r < 4u && row + 4u * r < sizes.m; r++) {
    let to = places_of_rows(share, row + 4u * r, column);
    var rows = part_of(tile, r);
    if (sizes.has_residual == 1u) { rows += residual_rows(to); }
    store_rows(to, rows);
  }
}
