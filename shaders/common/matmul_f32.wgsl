// Four numbers of a matrix product's A and B in f32.

@group(0) @binding(0) var<storage, read> a4: array<vec4f>;
@group(0) @binding(1) var<storage, read> b4: array<vec4f>;

alias Four = vec4f;
alias Block = mat4x4f;

fn a_at(i: u32) -> vec4f { return a4[i]; }

fn b_at(i: u32) -> vec4f { return b4[i]; }
