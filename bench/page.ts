// The benchmark in a page; run.mjs opens it and calls `benchInPage`.

import { type BenchOptions, runBench } from './bench';

const benchInPage = (options: BenchOptions, runtime: string) =>
  runBench(navigator.gpu, runtime, options, console.log);

Object.assign(globalThis, { benchInPage });
