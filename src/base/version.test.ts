// The version written into results is that of the package.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SOFTWARE_VERSION } from './version';

test('names the package version', () => {
  const { version } = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8'));
  expect(SOFTWARE_VERSION).toBe(`REALM Studio ${version}`);
});
