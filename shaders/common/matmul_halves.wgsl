// Four numbers of a matrix product's A and B from 16-bit floats. A product of two of them is exact in f32.

@group(0) @binding(0) var<storage, read> a4: array<vec2u>;
@group(0) @binding(1) var<storage, read> b4: array<vec2u>;

alias Four = vec4f;
alias Block = mat4x4f;

fn four(halves: vec2u) -> vec4f {
  return vec4f(unpack2x16float(halves.x), unpack2x16float(halves.y));
}

fn a_at(i: u32) -> vec4f { return four(a4[i]); }

fn b_at(i: u32) -> vec4f { return four(b4[i]); }
