// Substitution of the learned mask token, as in masked pretraining.

import source from '../../shaders/mask_tokens.wgsl?raw';
import { type Dispatch, gridStride, type Op, scratch } from '../autograd/op';
import { sameShape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';

const shader = defineShader('mask_tokens', source);

const isMasked = (mask: number): boolean => mask > 0.5;

const tokensBackward: Op<null> = {
  name: 'maskTokensBackward',
  infer: ([, gradient]) => [gradient],
  cpu({ inputs: [mask, gradient], outputs: [out] }) {
    const width = out.length / mask.length;
    for (let i = 0; i < out.length; i++) {
      out[i] = isMasked(mask[Math.floor(i / width)]) ? 0 : gradient[i];
    }
  },
  gpu: ({ inputs: [mask, gradient], outputs: [out] }) => [
    {
      shader,
      entry: 'tokens_backward',
      constants: {},
      bindings: { mask, gradient, out },
      workgroups: gridStride(out.size),
    },
  ],
  gradient: undefined,
};

/** Sum of the gradient over the masked rows. */
const tokenBackward: Op<null> = {
  name: 'maskTokenBackward',
  infer: ([, gradient]) => [[gradient[2]]],
  cpu({ inputs: [mask, gradient], outputs: [out] }) {
    mask.forEach((m, row) => {
      if (!isMasked(m)) return;
      for (let k = 0; k < out.length; k++) out[k] += gradient[row * out.length + k];
    });
  },
  gpu({ inputs: [mask, gradient], outputs: [out] }): Dispatch[] {
    const rowsPerPart = Math.max(64, Math.ceil(mask.size / 1024));
    const partCount = Math.ceil(mask.size / rowsPerPart);
    const parts = scratch(partCount * out.size);
    const columnGroups = Math.ceil(out.size / 64);
    return [
      {
        shader,
        entry: 'token_parts',
        constants: { rows_per_part: rowsPerPart },
        bindings: { mask, gradient, out: parts },
        workgroups: [columnGroups, partCount, 1],
      },
      {
        shader,
        entry: 'token_sum',
        constants: {},
        bindings: { parts, out },
        workgroups: [columnGroups, 1, 1],
      },
    ];
  },
  gradient: undefined,
};

const maskTokensOp: Op<null> = {
  name: 'maskTokens',
  infer([tokens, mask, maskToken]) {
    const [B, T, D] = tokens;
    if (tokens.length !== 3 || !sameShape(mask, [B, T]) || !sameShape(maskToken, [D])) {
      throw new Error(
        `[maskTokens] expected tokens [B, T, D], a mask [B, T] and a mask token [D], got ${[tokens, mask, maskToken].map(showShape).join(', ')}`,
      );
    }
    return [tokens];
  },
  cpu({ inputs: [tokens, mask, maskToken], outputs: [out] }) {
    const width = maskToken.length;
    for (let i = 0; i < out.length; i++) {
      out[i] = isMasked(mask[Math.floor(i / width)]) ? maskToken[i % width] : tokens[i];
    }
  },
  gpu: ({ inputs: [tokens, mask, maskToken], outputs: [out] }) => [
    {
      shader,
      entry: 'replace',
      constants: {},
      bindings: { tokens, mask, mask_token: maskToken, out },
      workgroups: gridStride(out.size),
    },
  ],
  gradient: ({ inputs: [tokens, mask], outputGradients: [gradient], needs }) => [
    needs[0] ? tokens.graph.apply(tokensBackward, [mask, gradient!], null)[0] : undefined,
    undefined,
    needs[2] ? tokens.graph.apply(tokenBackward, [mask, gradient!], null)[0] : undefined,
  ],
};

/**
 * Tokens [B, T, D] with those of masked frames replaced by one learned vector (REALM, section 1.4).
 * @param mask [B, T]: 1 replaces, 0 keeps; no gradient flows to it
 * @param maskToken [D]
 * @throws Error when the shapes do not fit
 */
export function maskTokens(tokens: Tensor, mask: Tensor, maskToken: Tensor): Tensor {
  return tokens.graph.apply(maskTokensOp, [tokens, mask, maskToken], null)[0];
}
