/** Groups and arrays of a hierarchical file, whatever its format: what an NWB file is made of. */

export interface TreeGroup {
  readonly kind: 'group';
  /** Begins with a slash. */
  readonly path: string;
  keys(): readonly string[];
  /** A member, or what lies at a path below; undefined where there is nothing. */
  get(path: string): TreeNode | undefined;
  /** As the file has it: text, number, or several; undefined where there is none. */
  attribute(name: string): unknown;
}

export interface TreeArray {
  readonly kind: 'array';
  readonly path: string;
  readonly shape: readonly number[];
  /** Whether its values are whole numbers. */
  readonly isWhole: boolean;
  /** Shape of a stored block; absent: one block. */
  readonly chunk?: readonly number[];
  readonly filters: readonly string[];
  attribute(name: string): unknown;
  /**
   * Values in row-major order.
   * @param ranges one per axis, `[start, end)` in steps; absent: all
   */
  read(ranges?: readonly TreeRange[]): Promise<ArrayLike<number>>;
  texts(): Promise<string[]>;
}

export type TreeNode = TreeGroup | TreeArray;
export type TreeRange = readonly [start: number, end: number, step?: number];

/** Attribute as text, or undefined. */
export function textAttribute(node: TreeNode, name: string): string | undefined {
  const value = node.attribute(name);
  return typeof value === 'string' ? value : undefined;
}

/** Attribute as a number, or undefined; the first of several. */
export function numberAttribute(node: TreeNode, name: string): number | undefined {
  const value = node.attribute(name);
  const isList = Array.isArray(value) || ArrayBuffer.isView(value);
  const scalar = isList ? (value as unknown as ArrayLike<unknown>)[0] : value;
  return typeof scalar === 'number' || typeof scalar === 'bigint' ? Number(scalar) : undefined;
}

export function isGroup(node: TreeNode | undefined): node is TreeGroup {
  return node?.kind === 'group';
}

export function isArray(node: TreeNode | undefined): node is TreeArray {
  return node?.kind === 'array';
}
