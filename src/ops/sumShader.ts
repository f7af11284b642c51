// A shader whose workgroups sum over their lanes (`workgroup_sum`), in two forms: for any adapter, and for subgroups.

import subgroupSum from '../../shaders/common/subgroup_sum.wgsl?raw';
import workgroupSum from '../../shaders/common/workgroup_sum.wgsl?raw';
import type { Dispatch } from '../autograd/op';
import { defineShader } from '../gpu/shader';

/** The form for a device whose subgroups have that many invocations, or for one without a fixed number. */
export type SumShader = (
  subgroupSize: number | undefined,
) => Pick<Dispatch, 'shader' | 'constants'>;

const NO_CONSTANTS: Dispatch['constants'] = {};

export function defineSumShader(
  name: string,
  source: string,
  ...common: readonly string[]
): SumShader {
  const plain = defineShader(name, source, ...common, workgroupSum);
  const withSubgroups = defineShader(name, source, ...common, subgroupSum);
  return (subgroupSize) => ({
    shader: subgroupSize === undefined ? plain : withSubgroups,
    constants: subgroupSize === undefined ? NO_CONSTANTS : { LANES: subgroupSize },
  });
}
