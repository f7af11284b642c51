// Four numbers of each of four lanes, in every one of them: what a quad, or four of the eight lanes of a subgroup, have
// loaded. `Four` and `Block` are a vec4 and a 4x4 matrix of the numbers' type.
enable subgroups;

fn of_quad(own: Four) -> Block {
  return Block(quadBroadcast(own, 0u), quadBroadcast(own, 1u), quadBroadcast(own, 2u), quadBroadcast(own, 3u));
}

// The lanes from `first` on. A shuffle, because a broadcast checks its lane anew for each number.
fn of_four(own: Four, first: u32) -> Block {
  return Block(
    subgroupShuffle(own, first),
    subgroupShuffle(own, first + 1u),
    subgroupShuffle(own, first + 2u),
    subgroupShuffle(own, first + 3u),
  );
}
