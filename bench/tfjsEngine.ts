// The comparison's student in TensorFlow.js on its WebGPU backend: the chunked scan in matMul forms, because einsum,
// tiles and where have no gradient or no kernel at these ranks there.

import type { Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs';
import { type BenchCase, type BenchEngine, layerPrefix, NORM_EPS, OPTIMISER } from './cases';

type TensorFlow = typeof import('@tensorflow/tfjs');

/** Frames per chunk, the faster of 32 and 64 here. */
const chunkOf = ({ config }: BenchCase): number => Math.sqrt(config.stateDim * config.headDim);

/** Node's module is CommonJS and comes as a default export. */
async function load(): Promise<TensorFlow> {
  const loaded = await import('@tensorflow/tfjs');
  await import('@tensorflow/tfjs-backend-webgpu');
  return (loaded as unknown as { default?: TensorFlow }).default ?? loaded;
}

function modelOf(tf: TensorFlow, one: BenchCase) {
  const { config, batch: B, frames: T } = one;
  const { modelDim, stateDim: N, headDim: P, convTaps } = config;
  const inner = config.expand * modelDim;
  const H = inner / P;
  const Q = chunkOf(one);
  const Z = T / Q;
  const G = B * Z;
  const triangle = (n: number, keep: (i: number, j: number) => boolean): Float32Array =>
    Float32Array.from({ length: n * n }, (_, k) => Number(keep(Math.floor(k / n), k % n)));
  const prefix = (n: number): Tensor =>
    tf.tensor2d(
      triangle(n, (i, j) => i <= j),
      [n, n],
    );
  const sumsInChunk = prefix(Q);
  const sumsOfChunks = prefix(Z);
  const lower = tf.tensor3d(
    triangle(Q, (i, j) => i >= j),
    [1, Q, Q],
  );
  const strictlyLower = tf.tensor3d(
    triangle(Z, (i, j) => i > j),
    [1, Z, Z],
  );

  const silu = (x: Tensor): Tensor => tf.mul(x, tf.sigmoid(x));
  const linear = (x: Tensor, weight: Tensor): Tensor => {
    const rows = tf.reshape(x, [-1, weight.shape[1]!]);
    return tf.reshape(tf.matMul(rows, weight, false, true), [B, T, weight.shape[0]]);
  };
  const layerNorm = (x: Tensor, weight: Tensor, bias: Tensor): Tensor => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const variance = tf.mean(tf.square(centred), -1, true);
    return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, NORM_EPS))), weight), bias);
  };
  /** exp(above_i - below_j) where the mask is 1, else 0. */
  const decays = (above: Tensor, below: Tensor, mask: Tensor): Tensor => {
    const n = above.shape[1]!;
    const difference = tf.sub(tf.reshape(above, [-1, n, 1]), tf.reshape(below, [-1, 1, n]));
    return tf.mul(tf.exp(tf.mul(difference, mask)), mask);
  };

  /** u [B,T,inner], dt [B,T,H], b and c [B,T,N] to y [B,T,inner]. */
  const scan = (u: Tensor, dt: Tensor, aLog: Tensor, b: Tensor, c: Tensor, d: Tensor): Tensor => {
    const heads = tf.reshape(u, [G, Q, H, P]);
    const steps = tf.reshape(dt, [G, Q, H, 1]);
    const x = tf.mul(heads, steps);
    const logDecay = tf.mul(tf.reshape(dt, [G, Q, H]), tf.neg(tf.exp(aLog)));
    const rows = tf.reshape(tf.transpose(logDecay, [0, 2, 1]), [G * H, Q]);
    const sum = tf.matMul(rows, sumsInChunk);
    const last = tf.slice(sum, [0, Q - 1], [G * H, 1]);
    /** [G*H, Q] to [G, Q, H, 1]. */
    const perFrame = (value: Tensor): Tensor =>
      tf.reshape(tf.transpose(tf.reshape(value, [G, H, Q]), [0, 2, 1]), [G, Q, H, 1]);
    const bz = tf.reshape(b, [G, Q, N]) as Tensor3D;
    const cz = tf.reshape(c, [G, Q, N]) as Tensor3D;
    const scores = tf.reshape(tf.matMul(cz, bz, false, true), [G, 1, Q, Q]);
    const within = tf.reshape(decays(sum, sum, lower), [G, H, Q, Q]);
    const own = tf.matMul(tf.mul(scores, within), tf.transpose(x, [0, 2, 1, 3]));
    const weighted = tf.mul(x, perFrame(tf.exp(tf.sub(last, sum))));
    const states = tf.matMul(tf.reshape(weighted, [G, Q, inner]), bz, true);
    const perChunk = tf.reshape(tf.transpose(tf.reshape(last, [B, Z, H]), [0, 2, 1]), [B * H, Z]);
    const until = tf.matMul(perChunk, sumsOfChunks);
    const between = decays(tf.sub(until, perChunk), until, strictlyLower);
    const byHead = tf.transpose(tf.reshape(states, [B, Z, H, P * N]), [0, 2, 1, 3]);
    const entering = tf.matMul(between, tf.reshape(byHead, [B * H, Z, P * N]));
    const back = tf.transpose(tf.reshape(entering, [B, H, Z, P * N]), [0, 2, 1, 3]);
    const read = tf.matMul(cz, tf.reshape(back, [G, inner, N]), false, true);
    const carried = tf.mul(tf.reshape(read, [G, Q, H, P]), perFrame(tf.exp(sum)));
    const skipped = tf.mul(heads, tf.reshape(d, [1, 1, H, 1]));
    const y = tf.add(tf.add(tf.transpose(own, [0, 2, 1, 3]), carried), skipped);
    return tf.reshape(y, [B, T, inner]);
  };

  const block = (x: Tensor, p: (name: string) => Tensor): Tensor => {
    const convolved = inner + 2 * N;
    const [z, raw, rawDt] = tf.split(linear(x, p('in_proj.weight')), [inner, convolved, H], -1);
    const dt = tf.softplus(tf.add(rawDt, p('dt_bias')));
    const padded = tf.pad(tf.reshape(raw, [B, T, 1, convolved]), [
      [0, 0],
      [convTaps - 1, 0],
      [0, 0],
      [0, 0],
    ]) as Tensor4D;
    const filter = tf.reshape(tf.transpose(p('conv1d.weight'), [2, 1, 0]), [
      convTaps,
      1,
      convolved,
      1,
    ]) as Tensor4D;
    const sum = tf.add(tf.depthwiseConv2d(padded, filter, 1, 'valid'), p('conv1d.bias'));
    const xbc = tf.reshape(silu(sum), [B, T, convolved]);
    const [u, b, c] = tf.split(xbc, [inner, N, N], -1);
    const gated = tf.mul(scan(u, dt, p('A_log'), b, c, p('D')), silu(z));
    const scale = tf.rsqrt(tf.add(tf.mean(tf.square(gated), -1, true), NORM_EPS));
    return linear(tf.mul(tf.mul(gated, scale), p('norm.weight')), p('out_proj.weight'));
  };

  return (p: (name: string) => Tensor, lfp: Tensor, target: Tensor): Tensor => {
    const norm = (x: Tensor, name: string): Tensor =>
      layerNorm(x, p(`${name}.weight`), p(`${name}.bias`));
    let x = tf.add(linear(lfp, p('input.weight')), p('input.bias'));
    for (let i = 0; i < one.layerCount; i++) {
      x = tf.add(
        x,
        block(norm(x, `layers.${i}.norm`), (n) => p(layerPrefix(i) + n)),
      );
    }
    const prediction = tf.add(linear(norm(x, 'norm'), p('head.weight')), p('head.bias'));
    return tf.mean(tf.square(tf.sub(prediction, target)));
  };
}

export const tfjsEngine: BenchEngine = {
  name: 'tfjs',
  async start(one, data) {
    const tf = await load();
    if (!(await tf.setBackend('webgpu')))
      throw new Error('[tfjs] expected its WebGPU backend, got none');
    const { learningRate, beta1, beta2, eps, weightDecay, clipNorm } = OPTIMISER;
    const { batch, frames, channelCount, outputCount } = one;
    const lfp = tf.tensor3d(data.lfp, [batch, frames, channelCount]);
    const target = tf.tensor3d(data.target, [batch, frames, outputCount]);
    const names = data.parameters.map(({ name }) => name);
    const fill = (value: (name: string) => Float32Array): Tensor[] =>
      data.parameters.map(({ name, shape }) => tf.tensor(value(name), [...shape]));
    const zeros = (name: string): Float32Array => new Float32Array(data.weights.get(name)!.length);
    let params = fill((name) => data.weights.get(name)!);
    let m = fill(zeros);
    let v = fill(zeros);
    const model = modelOf(tf, one);
    const gradientsOf = tf.valueAndGrads((...values: Tensor[]) => {
      const byName = new Map(names.map((name, i) => [name, values[i]]));
      return model((name) => byName.get(name)!, lfp, target);
    });
    const losses: number[] = [];
    let count = 0;
    const advance = (): { loss: Tensor; next: Tensor[][] } => {
      const { value: loss, grads } = gradientsOf(params);
      // addN binds every tensor at once, which is more than a kernel may.
      const squares = grads.map((g): Tensor => tf.sum(tf.square(g)));
      const norm = tf.sqrt(squares.reduce((sum, one) => tf.add(sum, one)));
      const factor = tf.minimum(tf.div(clipNorm, tf.add(norm, 1e-6)), 1);
      count++;
      const rate = learningRate / (1 - beta1 ** count);
      const correction = 1 / (1 - beta2 ** count);
      const next: Tensor[][] = [[], [], []];
      grads.forEach((gradient, i) => {
        const g = tf.mul(gradient, factor);
        next[1][i] = tf.add(tf.mul(m[i], beta1), tf.mul(g, 1 - beta1));
        next[2][i] = tf.add(tf.mul(v[i], beta2), tf.mul(tf.square(g), 1 - beta2));
        const deviation = tf.add(tf.sqrt(tf.mul(next[2][i], correction)), eps);
        const kept = data.parameters[i].decay
          ? tf.mul(params[i], 1 - learningRate * weightDecay)
          : params[i];
        next[0][i] = tf.sub(kept, tf.mul(tf.div(next[1][i], deviation), rate));
      });
      return { loss, next };
    };
    return {
      async step() {
        const { loss, next } = tf.tidy(advance as unknown as () => never) as ReturnType<
          typeof advance
        >;
        tf.dispose([...params, ...m, ...v]);
        [params, m, v] = next;
        losses.push((await loss.data())[0]);
        loss.dispose();
      },
      losses: async () => losses,
      destroy: () => tf.dispose([...params, ...m, ...v, lfp, target]),
    };
  },
};
