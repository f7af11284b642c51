// Copies up to seven scalars into the step's row of the metrics ring.

override columns: u32 = 1u;
override first_column: u32 = 0u;
override count: u32 = 1u;

// Past `count`, any scalar may be bound: it is not read. Bits, so that a NaN arrives as one.
@group(0) @binding(0) var<storage, read> scalar0: array<u32>;
@group(0) @binding(1) var<storage, read> scalar1: array<u32>;
@group(0) @binding(2) var<storage, read> scalar2: array<u32>;
@group(0) @binding(3) var<storage, read> scalar3: array<u32>;
@group(0) @binding(4) var<storage, read> scalar4: array<u32>;
@group(0) @binding(5) var<storage, read> scalar5: array<u32>;
@group(0) @binding(6) var<storage, read> scalar6: array<u32>;
@group(0) @binding(7) var<storage, read_write> ring: array<u32>; // [slots, columns]
@group(0) @binding(8) var<uniform> step: Step;

@compute @workgroup_size(1)
fn record() {
  let slots = arrayLength(&ring) / columns;
  let at = (step.ring_slot % slots) * columns + first_column;
  if (count > 0u) { ring[at] = scalar0[0]; }
  if (count > 1u) { ring[at + 1u] = scalar1[0]; }
  if (count > 2u) { ring[at + 2u] = scalar2[0]; }
  if (count > 3u) { ring[at + 3u] = scalar3[0]; }
  if (count > 4u) { ring[at + 4u] = scalar4[0]; }
  if (count > 5u) { ring[at + 5u] = scalar5[0]; }
  if (count > 6u) { ring[at + 6u] = scalar6[0]; }
}
