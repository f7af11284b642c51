// A symbolic value of a graph: a shape and where its numbers live, never the numbers themselves.

import type { Graph } from './graph';
import type { Store } from './store';

export type Shape = readonly number[];

export type Role =
  /** Written before a replay. */
  | { readonly kind: 'input' }
  /** Fixed numbers known when the graph is built. */
  | { readonly kind: 'constant'; readonly data: Float32Array }
  /** A range of a store that outlives the plan: parameters, gradients, moments, decoder state. */
  | { readonly kind: 'stored'; readonly store: Store; readonly offset: number }
  /** Produced by a node. */
  | { readonly kind: 'activation' };

export class Tensor {
  readonly size: number;

  constructor(
    readonly graph: Graph,
    readonly id: number,
    readonly name: string,
    readonly shape: Shape,
    readonly role: Role,
    readonly requiresGradient: boolean,
    /** Stored as 16-bit floats, two to a word. */
    readonly isHalf = false,
  ) {
    this.size = sizeOf(shape);
  }
}

/** Number of elements; 1 for a scalar `[]`. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, n) => product * n, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

/** `[2, 3]` */
export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}
