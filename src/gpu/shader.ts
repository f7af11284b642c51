// A WGSL file with its declared bindings and overrides, read from the text so that nothing is kept twice.

export type Access = 'read' | 'read_write' | 'uniform';

export interface Shader {
  readonly name: string;
  readonly code: string;
  readonly bindings: ReadonlyMap<string, { readonly index: number; readonly access: Access }>;
  readonly overrides: ReadonlySet<string>;
}

const BINDING =
  /@group\(0\)\s*@binding\((\d+)\)\s*var<\s*(storage\s*(?:,\s*(read|read_write))?|uniform)\s*>\s*(\w+)\s*:/g;
const DIRECTIVE = /^(?:enable \w+|diagnostic\([^)]*\));$/gm;
const OVERRIDE = /override\s+(\w+)/g;

/**
 * Joins a WGSL file and the common files it uses. WGSL module scope is free of order, so the op's own text comes
 * first and compiler line numbers stay true.
 */
export function defineShader(name: string, source: string, ...common: readonly string[]): Shader {
  const text = [source, ...common].join('\n');
  // Directives must stand before everything else; on the first line they move no other.
  const directives = [...text.matchAll(DIRECTIVE)].map(([directive]) => directive);
  const code = `${directives.join(' ')}${text.replaceAll(DIRECTIVE, '')}`;
  const bindings = new Map<string, { index: number; access: Access }>();
  for (const [, index, space, access, binding] of code.matchAll(BINDING)) {
    bindings.set(binding, {
      index: Number(index),
      access: space === 'uniform' ? 'uniform' : ((access ?? 'read') as Access),
    });
  }
  const overrides = new Set([...code.matchAll(OVERRIDE)].map((match) => match[1]));
  return { name, code, bindings, overrides };
}
