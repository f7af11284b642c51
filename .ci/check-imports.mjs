// `node .ci/check-imports.mjs`: the import table, cycles, file names, and the files that belong to each shader.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exceptions, folderTable, packageTable } from './import-table.mjs';

/** The device asks the adapter one question by a shader of its own; all others are ops'. */
const SHADER_FOLDERS = ['ops', 'gpu'];

/**
 * @typedef {{ to: string, isType: boolean }} Import `to` as written; `isType`: erased by the compiler
 * @typedef {Map<string, string>} Sources text of each file by its path from the checkout's root, with `/`
 */

/**
 * The imports of one TypeScript file. It relies on the formatter: statements begin in the first column.
 * @param {string} text
 * @returns {Import[]}
 */
export function parseImports(text) {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const find = (pattern, isType) =>
    [...code.matchAll(pattern)].map((match) => ({ to: match.groups.to, isType: isType(match) }));
  const from =
    /^(?:import|export)\s+(?<type>type\s+)?[\w*{][^'";]*?\sfrom\s+['"](?<to>[^'"]+)['"]/gm;
  const sideEffect = /^import\s+['"](?<to>[^'"]+)['"]/gm;
  const dynamic = /(?<type>typeof\s+)?\bimport\(\s*['"](?<to>[^'"]+)['"]\s*\)/g;
  // A worker's entry is named by its address.
  const address = /new URL\(\s*['"](?<to>[^'"]+\.tsx?)['"],\s*import\.meta\.url/g;
  return [
    ...find(from, (match) => match.groups.type !== undefined),
    ...find(sideEffect, () => false),
    ...find(dynamic, (match) => match.groups.type !== undefined),
    ...find(address, () => false),
  ];
}

/** Tests, and the helpers that only tests import (`testOp.ts`, `*.test-support.ts`). */
export function isTestFile(path) {
  return /\.test\.tsx?$|\.test-support\.tsx?$|(^|\/)test[A-Z]\w*\.tsx?$/.test(path);
}

/** The place of a file in the table: a folder of `src`, `main.tsx`, `shaders`, `bench`, `e2e`, … */
function placeOf(path) {
  const [top, second] = path.split('/');
  return top === 'src' ? second : top;
}

/**
 * @param {Sources} sources
 * @returns {string[]} one sentence per violation
 */
export function checkSources(sources, table = { folderTable, packageTable, exceptions }) {
  const files = [...sources.keys()].filter((path) => /\.tsx?$/.test(path));
  const imports = new Map(files.map((path) => [path, resolveImports(path, sources)]));
  return [
    ...checkDirections(imports, table),
    ...findCycles(imports),
    ...checkNames([...sources.keys()]),
    ...checkShaders(imports, sources),
  ];
}

/** Adds to each import the file it means, or null for a package. */
function resolveImports(path, sources) {
  return parseImports(sources.get(path)).map((one) => {
    if (!one.to.startsWith('.') && !one.to.startsWith('/')) return { ...one, file: null };
    const [bare] = one.to.split('?');
    const base = bare.startsWith('/') ? bare.slice(1) : posix.join(posix.dirname(path), bare);
    const endings = ['', '.ts', '.tsx', '/index.ts', '/index.tsx'];
    const file = endings.map((ending) => base + ending).find((name) => sources.has(name)) ?? base;
    return { ...one, file };
  });
}

function checkDirections(imports, table) {
  const unused = new Set(table.exceptions);
  const violations = [];
  for (const [path, list] of imports) {
    for (const one of list) {
      const expected =
        one.file === null ? packageRule(path, one, table) : fileRule(path, one, table);
      if (expected === null) continue;
      const exception = table.exceptions.find(
        ({ file, imports: to }) => file === path && to === one.to,
      );
      if (exception) unused.delete(exception);
      else
        violations.push(`${path}: expected ${expected}, got ${one.isType ? 'type ' : ''}${one.to}`);
    }
  }
  const stale = [...unused].map(
    ({ file, imports: to }) =>
      `${file}: expected the excepted import of ${to}, got none; remove the exception`,
  );
  return [...violations, ...stale];
}

/** What the table expects instead of this import of a package, or null if it allows it. */
function packageRule(path, { to, isType }, { packageTable }) {
  const name = to.startsWith('node:')
    ? 'node:'
    : to
        .split('/')
        .slice(0, to.startsWith('@') ? 2 : 1)
        .join('/');
  const owners = packageTable[name];
  if (!owners) return isType ? null : `a package that the table of packages names`;
  const isTest = isTestFile(path);
  if (owners.includes(placeOf(path)) || (isTest && owners.includes('test'))) return null;
  return `${name} only in ${owners.join(', ')}`;
}

/** What the table expects instead of this import of a file, or null if it allows it. */
function fileRule(path, { to, file, isType }, { folderTable }) {
  const from = placeOf(path);
  const target = placeOf(file);
  const isTest = isTestFile(path);
  if (isTestFile(file) && !isTest && from !== 'bench') return 'no import of what is only for tests';
  if (from === 'bench') return null;
  if (from === 'e2e')
    return target === 'e2e' ? null : 'no import from outside e2e, which drives the built app';
  if (from === target) return null;
  if (target === 'shaders') {
    if (!to.endsWith('?raw')) return 'a shader as text, with ?raw';
    return SHADER_FOLDERS.includes(from) || isTest ? null : 'shaders only in src/ops and src/gpu';
  }
  if (file.endsWith('package.json')) return null;
  if (!file.startsWith('src/')) return 'a file of src';
  if (from === 'main.tsx') return null;
  if (target === 'main.tsx') return 'no import of the composition root';
  const isEngine = (place) => folderTable[place] && place !== 'ui' && place !== 'worker';
  if (isTest && isEngine(from) && isEngine(target)) return null;
  if (isTest && from === 'worker' && isEngine(target)) return null;
  const rule = folderTable[from];
  if (!rule) return 'a folder that the import table names';
  if (rule.values.includes(target)) return null;
  if (rule.types.includes(target))
    return isType ? null : `only types of src/${target} (import type)`;
  return `src/${from} to import ${[...rule.values, ...rule.types].join(', ') || 'nothing'}`;
}

/** Cycles among imports that exist at run time. */
export function findCycles(imports) {
  const violations = [];
  const done = new Set();
  const visit = (path, trail) => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      violations.push(
        `${path}: expected no cycle, got ${[...trail.slice(start), path].join(' -> ')}`,
      );
      return;
    }
    if (done.has(path)) return;
    for (const { file, isType } of imports.get(path) ?? []) {
      if (!isType && imports.has(file)) visit(file, [...trail, path]);
    }
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  return violations;
}

function checkNames(paths) {
  return paths.flatMap((path) => {
    const name = path.split('/').at(-1);
    if (/^index\.tsx?$/.test(name))
      return [`${path}: expected imports from the file itself, got a barrel`];
    if (/^utils?\b/i.test(name))
      return [`${path}: expected a name that says the topic, got ${name}`];
    return [];
  });
}

/** Each shader has its op, each shared one a user, and each op with a shader a test beside it. */
function checkShaders(imports, sources) {
  const users = new Map();
  for (const [path, list] of imports) {
    if (!SHADER_FOLDERS.includes(placeOf(path)) || isTestFile(path)) continue;
    for (const { file } of list) {
      if (file?.startsWith('shaders/')) users.set(file, [...(users.get(file) ?? []), path]);
    }
  }
  const violations = [];
  for (const path of sources.keys()) {
    if (!path.startsWith('shaders/')) continue;
    if (/\bptr<(storage|uniform)/.test(sources.get(path)))
      violations.push(
        `${path}: expected no pointer to storage as a parameter, which not every browser takes`,
      );
    const by = users.get(path) ?? [];
    const isShared = path.startsWith('shaders/common/');
    if (by.length === 0)
      violations.push(`${path}: expected an import in src/ops or src/gpu, got none`);
    if (by.length > 1 && !isShared) {
      violations.push(`${path}: expected one import in src/ops or src/gpu, got ${by.join(', ')}`);
    }
  }
  for (const path of new Set([...users.values()].flat())) {
    const testPath = path.replace(/\.ts$/, '.test.ts');
    if (!sources.has(testPath))
      violations.push(`${path}: expected ${testPath} beside it, got none`);
  }
  for (const [path, list] of imports) {
    for (const { file, to } of list) {
      if (file?.startsWith('shaders/') && !sources.has(file)) {
        violations.push(`${path}: expected an existing shader, got ${to}`);
      }
    }
  }
  return violations;
}

/** @returns {Sources} the files of the checkout that the rules are about */
function readSources(rootPath) {
  const sources = new Map();
  const visit = (folder) => {
    if (!existsSync(folder)) return;
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && entry.name !== 'node_modules') visit(path);
      else if (/\.(tsx?|wgsl)$/.test(entry.name)) {
        sources.set(relative(rootPath, path).split(sep).join('/'), readFileSync(path, 'utf8'));
      }
    }
  };
  for (const name of ['src', 'shaders', 'bench', 'e2e']) visit(join(rootPath, name));
  return sources;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const sources = readSources(dirname(dirname(fileURLToPath(import.meta.url))));
  const violations = checkSources(sources);
  for (const violation of violations) console.error(violation);
  console.log(`Import table: ${sources.size} files, ${violations.length} violations`);
  process.exitCode = violations.length > 0 ? 1 : 0;
}
