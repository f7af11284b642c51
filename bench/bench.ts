// The whole benchmark, the same in Node and in a browser: what to run, and its results.

import { type GpuDevice, openGpuDevice } from '../src/gpu/device';
import { type BenchEngine, caseOf, dataOf } from './cases';
import { installCounters, recordDispatches } from './counters';
import { jaxEngine } from './jaxEngine';
import { benchKernels, type KernelRow } from './kernels';
import { benchLive, benchPaperScale, type LiveRow, type PaperRow } from './paperScale';
import { createPeakMeter, type Peaks } from './peaks';
import { configOfPreset, countDispatches, type DispatchCounts } from './realmSteps';
import { type ProfileRow, profileOf, timeEach } from './repeat';
import { reportOf } from './report';
import { studioEngine } from './studioEngine';
import { tfjsEngine } from './tfjsEngine';
import { type RunTorch, studentFile, type TorchRow } from './torchPeer';
import { compareTraining, type StepRow } from './trainingSteps';

export const PARTS = ['steps', 'profile', 'kernels', 'live', 'student', 'teacher'] as const;

export interface BenchOptions {
  /** Names of cases, such as S and M8. */
  readonly cases: readonly string[];
  readonly engines: readonly string[];
  readonly parts: readonly string[];
  /** Part of the names of the kernels to be timed. */
  readonly kernel: string;
}

export interface BenchResult {
  readonly adapter: string;
  readonly runtime: string;
  readonly rows: readonly StepRow[];
  readonly peaks: Peaks;
  /** Dispatches of one training step of REALM's networks at paper scale. */
  readonly dispatches: Readonly<Record<string, DispatchCounts>> | undefined;
  /** Where the time of a step goes. */
  readonly profiles: Readonly<Record<string, readonly ProfileRow[]>>;
  readonly kernels: readonly KernelRow[];
  readonly paper: readonly PaperRow[];
  /** The paper-scale student step in PyTorch; none where there is no PyTorch. */
  readonly torch: readonly TorchRow[];
  readonly live: readonly LiveRow[];
}

type Log = (line: string) => void;

/** Steps of each engine in all: the first from cold, two to warm up, the rest timed. */
function stepsOf(caseName: string, engine: string): number {
  if (caseName === 'S') return 10;
  // A step takes up to a minute: two are timed.
  if (engine === 'tfjs') return 5;
  return caseName === 'M32' ? 5 : 10;
}

async function benchSteps(
  open: () => Promise<GpuDevice>,
  { cases, engines }: BenchOptions,
  log: Log,
): Promise<StepRow[]> {
  const chosen: BenchEngine[] = [studioEngine(open), jaxEngine, tfjsEngine].filter(({ name }) =>
    engines.includes(name),
  );
  const rows: StepRow[] = [];
  for (const name of cases) {
    const able = chosen.filter((engine) => engine.name !== 'tfjs' || name !== 'M32');
    rows.push(
      ...(await compareTraining(caseOf(name), able, (engine) => stepsOf(name, engine.name), log)),
    );
  }
  return rows;
}

async function profileCase(open: () => Promise<GpuDevice>, name: string): Promise<ProfileRow[]> {
  let device: GpuDevice | undefined;
  const engine = studioEngine(async () => (device = await open()));
  const run = await engine.start(caseOf(name), dataOf(caseOf(name)));
  await run.step();
  const profile = profileOf(await timeEach(device!, await recordDispatches(() => run.step())));
  run.destroy();
  return profile;
}

export async function runBench(
  gpu: GPU,
  runtime: string,
  options: BenchOptions,
  log: Log,
  runTorch?: RunTorch,
): Promise<{ result: BenchResult; table: string }> {
  const open = (): Promise<GpuDevice> => openGpuDevice(gpu);
  const device = await open();
  installCounters(device.device);
  log(`${device.adapterName}, ${runtime}`);
  const has = (part: (typeof PARTS)[number]): boolean => options.parts.includes(part);
  const rows = has('steps') ? await benchSteps(open, options, log) : [];
  const meter = await createPeakMeter(device);
  const peaks = await meter.measure();
  meter.destroy();
  log(`peaks: ${peaks.gflops.toFixed(1)} GFLOP/s, ${peaks.gbPerS.toFixed(1)} GB/s`);
  const profiles: Record<string, readonly ProfileRow[]> = {};
  let dispatches: Record<string, DispatchCounts> | undefined;
  if (has('profile')) {
    const ofNetwork = (network: 'student' | 'teacher') =>
      countDispatches(device, network, configOfPreset('realm-v2', network));
    dispatches = { student: await ofNetwork('student'), teacher: await ofNetwork('teacher') };
    for (const name of options.cases) profiles[name] = await profileCase(open, name);
  }
  const kernels = has('kernels') ? await benchKernels(device, options.kernel, log) : [];
  const live = has('live') ? await benchLive(device, 300, log) : [];
  const networks = (['student', 'teacher'] as const).filter(has);
  const paper = await benchPaperScale(device, networks, log);
  const torch = has('student') && runTorch ? await runTorch(await studentFile(device), log) : [];
  if (paper.profile) profiles['the paper-scale student step'] = paper.profile;
  const adapter = device.adapterName;
  device.destroy();
  const result: BenchResult = {
    adapter,
    runtime,
    rows,
    peaks,
    dispatches,
    profiles,
    kernels,
    paper: paper.rows,
    torch,
    live,
  };
  return { result, table: reportOf(result) };
}
