// Four numbers of a matrix product's A and B from 16-bit floats, multiplied as such: a 4x4 block's sums of four are f16,
// all others f32.
enable f16;

alias Four = vec4<f16>;
alias Block = mat4x4<f16>;

@group(0) @binding(0) var<storage, read> a4: array<Four>;
@group(0) @binding(1) var<storage, read> b4: array<Four>;

fn a_at(i: u32) -> Four { return a4[i]; }

fn b_at(i: u32) -> Four { return b4[i]; }
