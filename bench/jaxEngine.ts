// The comparison's student in @jax-js/jax: the whole step in one `jit`, the chunked scan in einsums.

import * as jax from '@jax-js/jax';
import { type BenchCase, type BenchEngine, layerPrefix, NORM_EPS, OPTIMISER } from './cases';

const { numpy: np, nn } = jax;

type Tensors = Record<string, jax.Array>;

/** Frames per chunk: sums of 32 terms or fewer are unrolled whole by jax-js, which takes drivers long to compile. */
const CHUNK_FRAMES = 64;

function layerNorm(x: jax.Array, weight: jax.Array, bias: jax.Array): jax.Array {
  const centred = x.ref.sub(np.mean(x.ref, -1, { keepdims: true }));
  const variance = np.mean(np.square(centred.ref), -1, { keepdims: true });
  return centred
    .mul(np.reciprocal(np.sqrt(variance.add(NORM_EPS))))
    .mul(weight)
    .add(bias);
}

const linear = (x: jax.Array, weight: jax.Array): jax.Array => np.einsum('bti,oi->bto', x, weight);

/** u [B,T,H,P], dt [B,T,H], a [H], b and c [B,T,N], d [H]; y [B,T,H*P]. */
function scan(
  one: BenchCase,
  u: jax.Array,
  dt: jax.Array,
  a: jax.Array,
  b: jax.Array,
  c: jax.Array,
  d: jax.Array,
): jax.Array {
  const [B, T, H, P] = u.shape;
  const Q = CHUNK_FRAMES;
  const Z = T / Q;
  const N = one.config.stateDim;
  const mask = (n: number, k: number): jax.Array => np.tri(n, n, k).astype(np.bool);
  const decays = (above: jax.Array, below: jax.Array, allowed: jax.Array): jax.Array =>
    np.where(
      allowed,
      np.exp(np.minimum(np.expandDims(above, -1).sub(np.expandDims(below, -2)), 0)),
      0,
    );
  const x = u.ref
    .mul(np.expandDims(dt.ref, -1))
    .reshape([B, Z, Q, H, P])
    .transpose([0, 1, 3, 2, 4]);
  const logDecay = dt.mul(a).reshape([B, Z, Q, H]).transpose([0, 1, 3, 2]);
  const sum = np.cumsum(logDecay, -1);
  const last = sum.ref.slice([], [], [], [Q - 1, Q]);
  const bz = b.reshape([B, Z, Q, N]);
  const cz = c.reshape([B, Z, Q, N]);
  const within = decays(sum.ref, sum.ref, mask(Q, 0));
  const scores = np.expandDims(np.einsum('bzin,bzjn->bzij', cz.ref, bz.ref), 2);
  const own = np.einsum('bzhij,bzhjp->bzhip', scores.mul(within), x.ref);
  const weighted = x.mul(np.expandDims(np.exp(last.ref.sub(sum.ref)), -1));
  const states = np.einsum('bzhjp,bzjn->bzhpn', weighted, bz);
  const perChunk = last.reshape([B, Z, H]).transpose([0, 2, 1]);
  const until = np.cumsum(perChunk.ref, -1);
  const between = decays(until.ref.sub(perChunk), until.ref, mask(Z, -1));
  const entering = np.einsum('bhzk,bkhpn->bzhpn', between, states);
  const carried = np.einsum('bzin,bzhpn->bzhip', cz, entering).mul(np.expandDims(np.exp(sum), -1));
  const y = own.add(carried).transpose([0, 1, 3, 2, 4]).reshape([B, T, H, P]);
  return y.add(u.mul(np.expandDims(d, -1))).reshape([B, T, H * P]);
}

function block(x: jax.Array, p: (name: string) => jax.Array, one: BenchCase): jax.Array {
  const { config } = one;
  const [B, T] = x.shape;
  const inner = config.expand * config.modelDim;
  const N = config.stateDim;
  const H = inner / config.headDim;
  const taps = config.convTaps;
  const projected = linear(x, p('in_proj.weight'));
  const z = projected.ref.slice([], [], [0, inner]);
  const raw = projected.ref.slice([], [], [inner, 2 * inner + 2 * N]);
  const dt = nn.softplus(projected.slice([], [], [2 * inner + 2 * N]).add(p('dt_bias')));
  const padded = np.pad(raw, [
    [0, 0],
    [taps - 1, 0],
    [0, 0],
  ]);
  let sum = p('conv1d.bias');
  for (let k = 0; k < taps; k++) {
    sum = sum.add(padded.ref.slice([], [k, k + T], []).mul(p('conv1d.weight').slice([], 0, k)));
  }
  const xbc = nn.silu(sum);
  const u = xbc.ref.slice([], [], [0, inner]).reshape([B, T, H, config.headDim]);
  const b = xbc.ref.slice([], [], [inner, inner + N]);
  const c = xbc.slice([], [], [inner + N]);
  const a = np.exp(p('A_log')).neg();
  const gated = scan(one, u, dt, a, b, c, p('D')).mul(nn.silu(z));
  const mean = np.mean(np.square(gated.ref), -1, { keepdims: true });
  const normed = gated.mul(np.reciprocal(np.sqrt(mean.add(NORM_EPS)))).mul(p('norm.weight'));
  return linear(normed, p('out_proj.weight'));
}

function lossOf(one: BenchCase, params: Tensors, lfp: jax.Array, target: jax.Array): jax.Array {
  const p = (name: string): jax.Array => params[name].ref;
  const norm = (x: jax.Array, name: string): jax.Array =>
    layerNorm(x, p(`${name}.weight`), p(`${name}.bias`));
  let x = linear(lfp, p('input.weight')).add(p('input.bias'));
  for (let i = 0; i < one.layerCount; i++) {
    const mixed = block(norm(x.ref, `layers.${i}.norm`), (n) => p(layerPrefix(i) + n), one);
    x = x.add(mixed);
  }
  const prediction = linear(norm(x, 'norm'), p('head.weight')).add(p('head.bias'));
  return np.mean(np.square(prediction.sub(target)));
}

interface State {
  params: Tensors;
  m: Tensors;
  v: Tensors;
  /** Steps done, so that the bias corrections are computed on the GPU. */
  count: jax.Array;
}

/** Clip and AdamW on every parameter. */
function update(
  { params, m, v, count }: State,
  gradients: Tensors,
  decays: ReadonlySet<string>,
): State {
  const { learningRate, beta1, beta2, eps, weightDecay, clipNorm } = OPTIMISER;
  const names = Object.keys(params);
  const squares = names.map((name) => np.sum(np.square(gradients[name].ref)));
  const norm = np.sqrt(squares.reduce((sum, one) => sum.add(one)));
  const factor = np.minimum(np.reciprocal(norm.add(1e-6)).mul(clipNorm), 1);
  const now = count.add(1);
  const correction = (beta: number): jax.Array =>
    np
      .exp(now.ref.mul(Math.log(beta)))
      .neg()
      .add(1);
  const next: State = { params: {}, m: {}, v: {}, count: now };
  for (const name of names) {
    const g = gradients[name].mul(factor.ref);
    next.m[name] = m[name].mul(beta1).add(g.ref.mul(1 - beta1));
    next.v[name] = v[name].mul(beta2).add(np.square(g).mul(1 - beta2));
    const mean = next.m[name].ref.div(correction(beta1));
    const deviation = np.sqrt(next.v[name].ref.div(correction(beta2))).add(eps);
    const kept = decays.has(name) ? params[name].mul(1 - learningRate * weightDecay) : params[name];
    next.params[name] = kept.sub(mean.div(deviation).mul(learningRate));
  }
  return next;
}

export const jaxEngine: BenchEngine = {
  name: 'jax-js',
  async start(one, data) {
    await jax.init('webgpu');
    jax.defaultDevice('webgpu');
    const decays = new Set(data.parameters.filter((p) => p.decay).map((p) => p.name));
    const fill = (value: (name: string) => Float32Array): Tensors =>
      Object.fromEntries(
        data.parameters.map(({ name, shape }) => [name, np.array(value(name)).reshape([...shape])]),
      );
    const zeros = (name: string): Float32Array => new Float32Array(data.weights.get(name)!.length);
    let state: State = {
      params: fill((name) => data.weights.get(name)!),
      m: fill(zeros),
      v: fill(zeros),
      count: np.zeros([]),
    };
    const { batch, frames, channelCount, outputCount } = one;
    const lfp = np.array(data.lfp).reshape([batch, frames, channelCount]);
    const target = np.array(data.target).reshape([batch, frames, outputCount]);
    const whole = (now: State, x: jax.Array, y: jax.Array): [State, jax.Array] => {
      const [loss, gradients] = jax.valueAndGrad((params: Tensors) =>
        lossOf(one, params, x.ref, y.ref),
      )(jax.tree.ref(now.params));
      return [update(now, gradients as Tensors, decays), loss];
    };
    // jax-js types its trees of arrays by index signatures, which an interface with names does not have.
    const step = jax.jit(
      whole as unknown as (...args: jax.JsTree<jax.Array>[]) => never,
    ) as unknown as typeof whole;
    const losses: number[] = [];
    return {
      async step() {
        const [next, loss] = step(state, lfp.ref, target.ref);
        state = next;
        // One kernel's result arrives after all that were submitted before; blockUntilReady never returns in Node.
        losses.push((await loss.data())[0]);
      },
      losses: async () => losses,
      destroy() {
        jax.tree.dispose(state as unknown as Tensors);
        lfp.dispose();
        target.dispose();
      },
    };
  },
};
