// The live decoder on the processor: the causal student one frame at a time, with the same numbers as on the GPU.

import { checkWeights, type Weights } from '../autograd/parameterSet';
import { lfpColumns, type ModelConfig } from '../model/config';
import { decoderParameters } from '../model/parameters';
import { type BlockState, createBlock, createBlockScratch } from './cpuBlock';
import { compileCpuKernels } from './cpuKernels';
import { CpuMemory } from './cpuMemory';
import { createRotation } from './cpuRotation';
import { normRow, type ReadWeights } from './cpuRows';
import { createTokenizer, type TokenizerState } from './cpuTokenizer';
import {
  checkCausal,
  type DecodedFrame,
  type Decoder,
  type DecoderOptions,
  frameCount,
  MOST_QUEUED_FRAMES,
} from './decoder';

interface StreamMemory {
  readonly tokenizer: TokenizerState;
  readonly blocks: readonly BlockState[];
}

/**
 * Packs the weights once; a step allocates nothing. f32 storage and matrix products, everything else in float64, and
 * all sums in a fixed order: the same frames give the same bits.
 * @throws Error for a bidirectional model, which needs the future, and for a weight that is missing or has another size
 */
export async function createCpuDecoder(
  config: ModelConfig,
  weights: Weights,
  { channelMask, batch = 1 }: DecoderOptions = {},
): Promise<Decoder> {
  checkCausal(config);
  const read = checkedReader(config, weights);
  const mask = channelMask?.slice() ?? new Float32Array(config.channelCount).fill(1);
  if (mask.length !== config.channelCount) {
    throw new Error(
      `[decoder] expected a channel mask of ${config.channelCount} numbers, got ${mask.length}`,
    );
  }
  const { modelDim, outputCount } = config;
  const columns = lfpColumns(config);
  const memory = new CpuMemory();
  const tokenizer = createTokenizer(config, read, mask, memory);
  const residual = memory.rows(modelDim);
  const scratch = createBlockScratch(config, memory);
  const blocks = Array.from({ length: config.layerCount }, (_, i) =>
    createBlock(config, i, read, memory, residual, scratch),
  );
  const normWeight = read('encoder.out_norm.weight');
  const normBias = read('encoder.out_norm.bias');
  const readout = memory.matrix(read('out_proj.weight'), modelDim);
  const skip = memory.matrix(read('skip.weight'), columns);
  const skipBias = read('skip.bias');
  const bias = read('out_proj.bias').map((value, k) => value + skipBias[k]);
  const frame = memory.vector(columns);
  const output = memory.rows(outputCount);
  const streams = Array.from(
    { length: batch },
    (): StreamMemory => ({
      tokenizer: tokenizer.createState(),
      blocks: blocks.map((block) => block.createState()),
    }),
  );
  memory.open();
  const kernels = await compileCpuKernels(memory);
  const rotation = createRotation(config.stateDim);
  let position = 0;
  const decoded = {
    behaviour: new Float32Array(batch * outputCount),
    tokens: new Float32Array(batch * modelDim),
    hidden: new Float32Array(batch * modelDim),
  };
  const resolved = Promise.resolve<DecodedFrame>(decoded);

  const stepStream = (b: number, lfp: Float32Array): void => {
    const stream = streams[b];
    for (let i = 0; i < columns; i++) frame.values[i] = lfp[b * columns + i];
    tokenizer.step(kernels, stream.tokenizer, frame.values, position + 1);
    copyRow(tokenizer.tokens.values, decoded.tokens, b, modelDim);
    copyRow(tokenizer.tokens.values, residual.values, 0, modelDim);
    for (let i = 0; i < blocks.length; i++) blocks[i].step(kernels, stream.blocks[i], rotation);
    copyRow(residual.values, decoded.hidden, b, modelDim);
    normRow(residual.values, normWeight, normBias, scratch.normed.values);
    output.values.set(bias);
    kernels.product(readout, scratch.normed, output);
    kernels.product(skip, frame, output);
    copyRow(output.values, decoded.behaviour, b, outputCount);
  };

  const step = (lfp: Float32Array): void => {
    rotation.turnTo(position);
    for (let b = 0; b < batch; b++) stepStream(b, lfp);
    position++;
  };

  return {
    dispatches: 0,
    step(lfp) {
      if (lfp.length !== batch * columns) {
        const expected = `[decoder] expected a frame of ${batch * columns} numbers`;
        return Promise.reject(new Error(`${expected}, got ${lfp.length}`));
      }
      step(lfp);
      return resolved;
    },
    async catchUp(lfp) {
      const width = batch * columns;
      const count = frameCount(lfp, width, MOST_QUEUED_FRAMES);
      return Array.from({ length: count }, (_, i) => {
        step(lfp.subarray(i * width, (i + 1) * width));
        const { behaviour, tokens, hidden } = decoded;
        return { behaviour: behaviour.slice(), tokens: tokens.slice(), hidden: hidden.slice() };
      });
    },
    reset() {
      position = 0;
      for (const { tokenizer: state, blocks: states } of streams) {
        state.window.fill(0);
        state.featureSum.fill(0);
        for (const { window, ssm } of states) {
          window.fill(0);
          ssm.values.fill(0);
        }
      }
    },
    destroy() {},
  };
}

/** Row b of `to` gets the first values of `from`. */
function copyRow(from: Float32Array, to: Float32Array, b: number, columns: number): void {
  for (let i = 0; i < columns; i++) to[b * columns + i] = from[i];
}

function checkedReader(config: ModelConfig, weights: Weights): ReadWeights {
  checkWeights(decoderParameters(config), weights);
  return (name) => weights.get(name)!.slice();
}
