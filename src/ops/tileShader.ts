// A shader whose invocations own tiles of 16 rows by four columns, in two forms: for any adapter, and for subgroups,
// where the lanes beside each other share what their rows load.

import lanes from '../../shaders/common/lanes.wgsl?raw';
import tile from '../../shaders/common/tile.wgsl?raw';
import ownRows from '../../shaders/common/tile_rows.wgsl?raw';
import sharedRows from '../../shaders/common/tile_rows_shared.wgsl?raw';
import type { Dispatch } from '../autograd/op';
import { defineShader } from '../gpu/shader';

/** Rows of a tile. */
export const TILE_ROWS = 16;

export interface TileForm {
  readonly of: Pick<Dispatch, 'shader' | 'constants'>;
  /** Invocations for so many columns of tiles: those that share rows are never of two sets of rows. */
  padded(columns: number): number;
}

export type TileShader = (subgroupSize: number | undefined) => TileForm;

/** Quads share their rows; all eight lanes do where that is a whole subgroup. */
export const sharingOf = (subgroupSize: number): number => (subgroupSize === 8 ? 8 : 4);

export function defineTileShader(
  name: string,
  source: string,
  ...common: readonly string[]
): TileShader {
  const plain = defineShader(name, source, ...common, tile, ownRows);
  const shared = defineShader(name, source, ...common, tile, lanes, sharedRows);
  return (subgroupSize): TileForm => {
    if (subgroupSize === undefined) {
      return { of: { shader: plain, constants: {} }, padded: (columns) => columns };
    }
    const sharing = sharingOf(subgroupSize);
    return {
      of: { shader: shared, constants: { SHARING: sharing } },
      padded: (columns) => Math.ceil(columns / sharing) * sharing,
    };
  };
}
