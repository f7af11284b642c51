// Tests of the import check: each rule with a file set that keeps it and one that breaks it.
import { describe, expect, it } from 'vitest';
import { checkSources, parseImports } from './check-imports.mjs';

const table = {
  folderTable: {
    base: { values: [], types: [] },
    ops: { values: ['base'], types: [] },
    data: { values: ['base'], types: [] },
    ui: { values: ['base'], types: ['data'] },
  },
  packageTable: { react: ['ui'], webgpu: ['test'], 'node:': ['test'] },
  exceptions: [],
};

const check = (files, exceptions = []) =>
  checkSources(new Map(Object.entries(files)), { ...table, exceptions });

describe('parseImports', () => {
  it.each([
    ["import { a } from './a';", [{ to: './a', isType: false }]],
    ["import type { A } from './a';", [{ to: './a', isType: true }]],
    ["import { type A } from './a';", [{ to: './a', isType: false }]],
    ["import {\n  a,\n  b,\n} from './a';", [{ to: './a', isType: false }]],
    ["import * as a from './a';", [{ to: './a', isType: false }]],
    ["import './a.css';", [{ to: './a.css', isType: false }]],
    ["export { a } from './a';", [{ to: './a', isType: false }]],
    ["export type { A } from './a';", [{ to: './a', isType: true }]],
    ["const a = await import('./a');", [{ to: './a', isType: false }]],
    ["let a: typeof import('./a');", [{ to: './a', isType: true }]],
    ["new Worker(new URL('./w.ts', import.meta.url));", [{ to: './w.ts', isType: false }]],
    ["// import { a } from './a';", []],
    ["/*\nimport { a } from './a';\n*/", []],
    ["export const from = 'a';", []],
  ])('%s', (text, expected) => {
    expect(parseImports(text)).toEqual(expected);
  });
});

describe('checkSources', () => {
  const a = 'export const a = 1;';
  const importA = "import { a } from '../base/a';";
  const op = { 'src/ops/x.test.ts': '', 'shaders/x.wgsl': '' };
  const importShader = "import x from '../../shaders/x.wgsl?raw';";

  it.each([
    ['an import down the table', { 'src/base/a.ts': a, 'src/data/b.ts': importA }],
    ['a type', { 'src/data/a.ts': a, 'src/ui/b.tsx': "import type { A } from '../data/a';" }],
    ['an owned package', { 'src/ui/b.tsx': "import { useState } from 'react';" }],
    ['a test in another engine folder', { 'src/data/b.test.ts': "import { o } from '../ops/o';" }],
    ['a test with Node', { 'src/data/b.test.ts': "import fs from 'node:fs';" }],
    ['an op with its shader', { 'src/ops/x.ts': importShader, ...op }],
    [
      'a cycle of types',
      {
        'src/base/a.ts': "import type { B } from './b';",
        'src/base/b.ts': "import { a } from './a';",
      },
    ],
  ])('accepts %s', (_, files) => {
    expect(check(files)).toEqual([]);
  });

  it.each([
    ['an import up the table', { 'src/base/b.ts': "import { c } from '../data/c';" }, 'nothing'],
    ['a value for a type', { 'src/ui/b.tsx': "import { c } from '../data/c';" }, 'import type'],
    ['a package elsewhere', { 'src/data/b.ts': "import { x } from 'react';" }, 'only in ui'],
    ['an unknown package', { 'src/data/b.ts': "import { x } from 'left-pad';" }, 'names'],
    ['Node in the core', { 'src/data/b.ts': "import fs from 'node:fs';" }, 'node: only in'],
    ['bench in src', { 'src/data/b.ts': "import { x } from '../../bench/x';" }, 'a file of src'],
    [
      'test support in src',
      { 'src/ops/o.ts': "import { x } from './testOp';", 'src/ops/testOp.ts': '' },
      'for tests',
    ],
    ['a barrel', { 'src/base/index.ts': '' }, 'barrel'],
    ['a file named utils', { 'src/base/utils.ts': '' }, 'topic'],
    ['a shader without op', { 'shaders/x.wgsl': '' }, 'got none'],
    ['a shader outside ops', { 'src/data/x.ts': importShader, ...op }, 'only in src/ops'],
    [
      'a pointer to storage',
      { ...op, 'src/ops/x.ts': importShader, 'shaders/x.wgsl': 'fn f(p: ptr<storage, u32>) {}' },
      'no pointer',
    ],
    ['an op without test', { 'src/ops/x.ts': importShader, 'shaders/x.wgsl': '' }, 'beside it'],
    [
      'a shader with two ops',
      {
        'src/ops/x.ts': importShader,
        'src/ops/y.ts': importShader,
        'src/ops/y.test.ts': '',
        ...op,
      },
      'one import',
    ],
    [
      'a cycle of values',
      { 'src/base/a.ts': "import { b } from './b';", 'src/base/b.ts': "import { a } from './a';" },
      'a.ts -> src/base/b.ts -> src/base/a.ts',
    ],
  ])('reports %s', (_, files, part) => {
    expect(check(files).join('\n')).toContain(part);
  });

  it('accepts an exception and reports one that is stale', () => {
    const files = { 'src/base/b.ts': "import { x } from 'react';" };
    const exception = { file: 'src/base/b.ts', imports: 'react', reason: 'a test' };
    expect(check(files, [exception])).toEqual([]);
    expect(check({ 'src/base/b.ts': '' }, [exception])).toHaveLength(1);
  });
});
