// Tests of the backports entry that is derived from the configured apt sources.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addBackports, backportsSource, parseDeb822Sources, parseOneLineSources } from './apt.mjs';

const deb822 = `Types: deb deb-src
# a comment
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main
`;

const oneLine = `# deb http://commented.example/debian bookworm main
deb cdrom:[Debian 12]/ bookworm main
deb [arch=amd64,arm64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # why
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/security bookworm-security main
`;

const inlineKey = `Types: deb
URIs: http://mirror.example/debian
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----
`;

describe('backportsSource', () => {
  it.each([
    [
      'deb822',
      parseDeb822Sources(deb822),
      'Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm-backports\n' +
        'Components: main contrib\nSigned-By: /usr/share/keyrings/debian.gpg\n',
    ],
    [
      'one line',
      parseOneLineSources(oneLine),
      'Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm-backports\n' +
        'Components: main contrib\nArchitectures: amd64 arm64\nSigned-By: /k.gpg\n',
    ],
    [
      'inline key',
      parseDeb822Sources(inlineKey),
      inlineKey.replace('Suites: bookworm', 'Suites: bookworm-backports'),
    ],
    ['disabled', parseDeb822Sources(`Enabled: no\n${inlineKey}`), null],
    ['another release', parseDeb822Sources(inlineKey.replace('bookworm', 'trixie')), null],
  ])('%s', (_, sources, expected) => {
    const text = backportsSource(sources, 'bookworm');
    expect(text).toBe(expected);
  });
});

describe('addBackports', () => {
  let aptPath;
  const parts = () => readdirSync(join(aptPath, 'sources.list.d'));

  beforeEach(() => {
    aptPath = mkdtempSync(join(tmpdir(), 'apt-'));
    mkdirSync(join(aptPath, 'sources.list.d'));
  });
  afterEach(() => rmSync(aptPath, { recursive: true }));

  it('writes one file, once', () => {
    writeFileSync(join(aptPath, 'sources.list.d', 'debian.sources'), deb822);
    expect(addBackports('bookworm', aptPath)).toBe(true);
    expect(parts()).toEqual(['debian.sources', 'realm-studio-backports.sources']);
    const written = readFileSync(join(aptPath, 'sources.list.d', parts()[1]), 'utf8');
    expect(written).toContain('Suites: bookworm-backports');
    expect(addBackports('bookworm', aptPath)).toBe(true);
    expect(parts()).toHaveLength(2);
  });

  it('leaves backports that are configured already alone', () => {
    writeFileSync(
      join(aptPath, 'sources.list'),
      oneLine.replace('bookworm main', 'bookworm-backports main'),
    );
    writeFileSync(
      join(aptPath, 'sources.list.d', 'b.list'),
      'deb http://mirror.example/debian bookworm-backports main\n',
    );
    expect(addBackports('bookworm', aptPath)).toBe(true);
    expect(parts()).toEqual(['b.list']);
  });

  it('gives up without a source to derive from', () => {
    expect(addBackports('bookworm', aptPath)).toBe(false);
    expect(parts()).toEqual([]);
  });
});
