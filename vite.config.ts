// How Vite builds the studio and how Vitest runs its tests.
/// <reference types="vitest/config" />
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// The second software adapter: other subgroup width, other limits, no f16. Set by .ci/test.mjs where it is installed.
const swiftshader = process.env.SWIFTSHADER_ICD;

export default defineConfig({
  plugins: [react()],
  worker: { format: 'es' },
  build: { target: 'es2022', chunkSizeWarningLimit: 5000 },
  test: {
    environment: 'node',
    testTimeout: 120_000,
    hookTimeout: 240_000,
    pool: 'forks',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'bench/**/*.test.ts', '.ci/**/*.test.mjs'],
          // Every test file opens its own GPU device; two cores gain nothing from more workers.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      ...(swiftshader
        ? [
            {
              extends: true as const,
              test: {
                name: 'swiftshader',
                include: ['src/model/golden.test.ts'],
                env: { VK_ICD_FILENAMES: swiftshader },
                maxWorkers: 1,
                sequence: { groupOrder: 1 },
              },
            },
          ]
        : []),
      {
        extends: true,
        test: {
          name: 'page',
          include: ['e2e/**/*.test.ts'],
          // After the unit tests and one at a time: a browser on a software GPU takes the whole machine.
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
