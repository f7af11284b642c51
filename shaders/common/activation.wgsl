// Scalar activations and their slopes, accurate to a few f32 rounding errors for every finite x.

fn sigmoid(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}

// Never s * (1 - s): 1 - s loses every digit for large x.
fn sigmoid_slope(x: f32) -> f32 {
  return sigmoid(x) * sigmoid(-x);
}

// log(1 + exp(x)) as max(x, 0) + 2 atanh(e / (2 + e)): log(1 + e) itself loses every digit for small e.
fn softplus(x: f32) -> f32 {
  let e = exp(-abs(x));
  let r = e / (2.0 + e);
  let r2 = r * r;
  let series = 1.0 + r2 * (1.0 / 3.0 + r2 * (1.0 / 5.0 + r2 * (1.0 / 7.0 + r2 * (1.0 / 9.0 + r2 * (1.0 / 11.0 + r2 * (1.0 / 13.0))))));
  return max(x, 0.0) + 2.0 * r * series;
}

fn silu(x: f32) -> f32 {
  return x * sigmoid(x);
}

fn silu_slope(x: f32) -> f32 {
  return sigmoid(x) * (1.0 + x * sigmoid(-x));
}

// Standard normal distribution function by Abramowitz and Stegun 26.2.17 form of erfc; |error| < 1e-7.
fn normal_cdf(x: f32) -> f32 {
  let z = abs(x) * 0.70710678118;
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * exp(-z * z);
  return select(0.5 * tail, 1.0 - 0.5 * tail, x >= 0.0);
}

fn gelu(x: f32) -> f32 {
  return x * normal_cdf(x);
}

fn gelu_slope(x: f32) -> f32 {
  return normal_cdf(x) + x * 0.39894228040 * exp(-0.5 * x * x);
}

fn sigmoid4(x: vec4f) -> vec4f {
  let e = exp(-abs(x));
  return select(e, vec4f(1.0), x >= vec4f()) / (1.0 + e);
}

fn silu4(x: vec4f) -> vec4f {
  return x * sigmoid4(x);
}

struct Silu {
  value: vec4f,
  slope: vec4f,
}

// The sigmoids of x and of -x from one exponential.
fn silu_with_slope4(x: vec4f) -> Silu {
  let e = exp(-abs(x));
  let large = 1.0 / (1.0 + e);
  let small = e * large;
  let of_x = select(small, large, x >= vec4f());
  let of_negative = select(large, small, x >= vec4f());
  return Silu(x * of_x, of_x * (1.0 + x * of_negative));
}

fn silu_slope4(x: vec4f) -> vec4f {
  return silu_with_slope4(x).slope;
}
