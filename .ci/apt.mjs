// Debian packages for the tests: installing them, and the backports suite of the mirror already in use.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture, run, withLock } from './process.mjs';

/** Fields of /etc/os-release, or null where apt does not manage this machine. */
export function readAptSystem() {
  if (process.platform !== 'linux' || !capture('apt-get', ['--version']).ok) return null;
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const field = (name) => text.match(new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm'))?.[1] ?? '';
  return {
    id: field('ID'),
    codename: field('VERSION_CODENAME'),
    versionNumber: Number(field('VERSION_ID')),
  };
}

/** The prefix that makes a command run as root, or null where that would ask for a password. */
function rootPrefix() {
  if (process.getuid() === 0) return [];
  return capture('sudo', ['-n', 'true']).ok ? ['sudo', '-n'] : null;
}

/**
 * Installs Debian packages.
 * @param {string[]} names
 * @param {string | null} suite the suite to prefer, such as `bookworm-backports`
 * @returns {Promise<boolean>} false without root rights, or when apt fails
 */
export function installDebianPackages(names, suite = null) {
  const prefix = rootPrefix();
  if (prefix === null) return Promise.resolve(false);
  const apt = (...args) => {
    const [command, ...rest] = [
      ...prefix,
      'env',
      'DEBIAN_FRONTEND=noninteractive',
      'apt-get',
      '-qq',
      '-o',
      'DPkg::Lock::Timeout=600',
      ...args,
    ];
    return run(command, rest) === 0;
  };
  // The lock of `apt-get update` has no timeout of its own, hence one here as well.
  return withLock('apt', () => {
    console.log(`Installing ${names.join(', ')}${suite ? ` from ${suite}` : ''} …`);
    const target = suite ? ['-t', suite] : [];
    return apt('update') && apt('install', '-y', '--no-install-recommends', ...target, ...names);
  });
}

/**
 * Adds the backports suite beside the configured sources, unless it is there.
 * @param {string} codename the release, such as `bookworm`
 * @returns {boolean} whether apt now knows the suite
 */
export function addBackports(codename, aptPath = '/etc/apt') {
  const sources = readAptSources(aptPath);
  const suite = `${codename}-backports`;
  if (sources.some((source) => source.Suites.split(/\s+/).includes(suite))) return true;
  const text = backportsSource(sources, codename);
  if (text === null) return false;
  const path = join(aptPath, 'sources.list.d', 'realm-studio-backports.sources');
  if (aptPath !== '/etc/apt' || process.getuid() === 0) {
    writeFileSync(path, text);
    return true;
  }
  const notePath = join(process.env.TMPDIR ?? '/tmp', `realm-studio-backports-${process.pid}`);
  writeFileSync(notePath, text);
  const isCopied = run('sudo', ['-n', 'install', '-m', '644', notePath, path]) === 0;
  rmSync(notePath);
  return isCopied;
}

/**
 * The source entries that apt is configured with, from both of its formats.
 * @returns {Record<string, string>[]} the fields of each, under their deb822 names
 */
export function readAptSources(aptPath) {
  const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  const partsPath = join(aptPath, 'sources.list.d');
  const names = existsSync(partsPath) ? readdirSync(partsPath).sort() : [];
  return [
    ...parseOneLineSources(read(join(aptPath, 'sources.list'))),
    ...names.flatMap((name) => {
      if (name.endsWith('.list')) return parseOneLineSources(read(join(partsPath, name)));
      if (name.endsWith('.sources')) return parseDeb822Sources(read(join(partsPath, name)));
      return [];
    }),
  ];
}

/** Reads `deb [option=value …] uri suite component …` lines. */
export function parseOneLineSources(text) {
  const optionNames = { arch: 'Architectures', 'signed-by': 'Signed-By', trusted: 'Trusted' };
  return [...text.matchAll(/^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)([^#\n]*)/gm)].map(
    ([, options = '', uri, suite, components]) => ({
      Types: 'deb',
      URIs: uri,
      Suites: suite,
      Components: components.trim(),
      ...Object.fromEntries(
        [...options.matchAll(/([\w-]+)=(\S+)/g)]
          .filter(([, name]) => name in optionNames)
          .map(([, name, value]) => [optionNames[name], value.replaceAll(',', ' ')]),
      ),
    }),
  );
}

/** Reads `Field: value` paragraphs; a value may go on over indented lines, as an inline key does. */
export function parseDeb822Sources(text) {
  return text
    .replace(/^#.*\n?/gm, '')
    .split(/\n\s*\n/)
    .map((paragraph) =>
      Object.fromEntries(
        [...paragraph.matchAll(/^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)/gm)].map(([, name, value]) => [
          name,
          value.trimEnd(),
        ]),
      ),
    )
    .filter((source) => source.URIs && source.Suites && source.Enabled !== 'no');
}

/**
 * A deb822 entry for the backports of `codename`: its main entry with the suite exchanged.
 * @returns {string | null} null when no entry serves `codename`
 */
export function backportsSource(sources, codename) {
  const isMain = ({ Types, URIs, Suites }) =>
    Types.split(/\s+/).includes('deb') &&
    !URIs.startsWith('cdrom:') &&
    Suites.split(/\s+/).includes(codename);
  const main = sources.find(isMain);
  if (!main) return null;
  const entry = { ...main, Types: 'deb', Suites: `${codename}-backports` };
  return `${Object.entries(entry)
    .map(([name, value]) => (value.startsWith('\n') ? `${name}:${value}` : `${name}: ${value}`))
    .join('\n')}\n`;
}
