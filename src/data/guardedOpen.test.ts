// Parsing in a worker that may be killed: same sessions as without, and every damaged HDF5 and Arrow file ends soon.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { tableFromArrays } from 'apache-arrow';
import fc from 'fast-check';
import * as H5 from 'h5wasm/node';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { writeArrow } from './formats/arrow';
import { inMemory, madeBlackrock } from './formats/madeFiles';
import { packedTable } from './formats/packedArrow.test-support';
import { GuardedParser, PARSER_LIMITS } from './guardedOpen';
import type { ParserPort, ParserReply, ParserRequest } from './guardedProtocol';
import { applyMapping, proposeMapping } from './mapping';
import { openFile } from './readers';
import { syntheticSessions } from './synthetic';

const ROOT = join(__dirname, '../..');
const VARIANTS = 2000;
/** Side by side, because some variants wait for the watchdog. */
const LANES = 4;
/** The watchdog's time, and a second to end a worker on a busy machine. */
const MAX_MS = PARSER_LIMITS.stallMs + 1000;

let folder = '';
let entry = '';
beforeAll(async () => {
  await H5.ready;
  // Within the checkout, so that the bundle finds its packages.
  folder = mkdtempSync(join(ROOT, 'node_modules/.parser-'));
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    ssr: { external: ['h5wasm'] },
    build: {
      ssr: 'src/data/parserNode.test-support.ts',
      outDir: folder,
      target: 'node20',
      rolldownOptions: { output: { entryFileNames: 'parser.mjs', codeSplitting: false } },
    },
  });
  entry = join(folder, 'parser.mjs');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function spawn(): ParserPort {
  const worker = new Worker(entry, { stdout: true, stderr: true });
  return {
    post: (message) => worker.postMessage(message),
    listen(onReply, onCrash) {
      worker.on('message', onReply);
      worker.on('error', (error) => onCrash(error.message));
      worker.on('exit', (code) => onCrash(`code ${code}`));
    },
    terminate: () => void worker.terminate(),
  };
}

function smallNwb(): Uint8Array {
  const path = join(folder, 'small.nwb');
  const root = new H5.File(path, 'w');
  root.create_attribute('nwb_version', '2.6.0');
  const add = (at: string, type: string, data: Float32Array, shape: number[], rateHz: number) => {
    let group: H5.Group = root;
    for (const part of at.split('/')) {
      group = (group.get(part) as H5.Group | null) ?? group.create_group(part);
    }
    group.create_attribute('neurodata_type', type);
    group.create_dataset({
      name: 'data',
      data,
      shape,
      chunks: [100, shape[1]],
      compression: 'gzip',
      compression_opts: 4,
    });
    (group.get('data') as H5.Dataset).create_attribute('unit', 'volts');
    group.create_dataset({ name: 'starting_time', data: 0, shape: [], dtype: '<d' });
    (group.get('starting_time') as H5.Dataset).create_attribute('rate', rateHz);
  };
  const wave = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i / 9));
  add('acquisition/lfp', 'ElectricalSeries', wave(1600), [400, 4], 200);
  add('processing/behavior/Position/hand', 'SpatialSeries', wave(200), [100, 2], 50);
  root.get('general') ?? root.create_group('general');
  root.flush();
  root.close();
  return new Uint8Array(readFileSync(path));
}

/** Any other HDF5 file: groups as folders, a rate beside the array. */
function smallHdf5(): Uint8Array {
  return madeHdf5((root) => {
    const group = root.create_group('session');
    group.create_dataset({ name: 'fs', data: 200, shape: [], dtype: '<d' });
    const data = Float32Array.from({ length: 1600 }, (_, i) => Math.sin(i / 9));
    group.create_dataset({
      name: 'lfp',
      data,
      shape: [4, 400],
      chunks: [4, 100],
      compression: 'gzip',
    });
    group.create_dataset({ name: 'hand_vel', data: data.slice(0, 400), shape: [400] });
  });
}

/** MATLAB v7.3: a matrix, a structure with a text, and a cell of references. */
function smallMat73(): Uint8Array {
  return madeHdf5((root) => {
    const add = (group: H5.Group, name: string, type: string, args: object) => {
      group.create_dataset({ name, ...args } as Parameters<H5.Group['create_dataset']>[0]);
      (group.get(name) as H5.Dataset).create_attribute('MATLAB_class', type);
    };
    const wave = Float64Array.from({ length: 900 }, (_, i) => Math.sin(i / 9));
    add(root, 'lfp', 'double', {
      data: wave,
      shape: [3, 300],
      chunks: [3, 100],
      compression: 'gzip',
    });
    add(root, 'fs', 'double', { data: Float64Array.of(200), shape: [1, 1] });
    const info = root.create_group('info');
    info.create_attribute('MATLAB_class', 'struct');
    add(info, 'rig', 'char', { data: Uint16Array.from([82, 49]), shape: [2, 1] });
    const hidden = root.create_group('#refs#');
    const references = ['a', 'b'].map((name) => {
      add(hidden, name, 'double', { data: wave.slice(0, 40), shape: [1, 40] });
      return (hidden.get(name) as H5.Dataset).create_reference();
    });
    add(root, 'trials', 'cell', { data: references, shape: [2, 1] });
  });
}

function madeHdf5(fill: (root: H5.File) => void): Uint8Array {
  const path = join(folder, 'made.h5');
  const root = new H5.File(path, 'w');
  fill(root);
  root.flush();
  root.close();
  return new Uint8Array(readFileSync(path));
}

function smallFeather(): Uint8Array {
  const time = Float64Array.from({ length: 300 }, (_, i) => i / 100);
  const lfp = Float32Array.from({ length: 300 }, (_, i) => (i < 150 ? Math.sin(i) : 0));
  return packedTable(tableFromArrays({ time, 'lfp 1': lfp, 'lfp 2': lfp.slice() }), 'Zstd');
}

const [session] = syntheticSessions({ sessionCount: 1, durationS: 10, channelCount: 3 });

async function readAll(parser: GuardedParser, name: string, bytes: Uint8Array) {
  for (const file of await parser.open([{ kind: 'bytes', name, bytes }])) {
    const { mapping } = proposeMapping(file);
    const { path } = mapping.lfp;
    const { sampleCount } = await file.readClock(path);
    await file.readSlice(path, 0, Math.min(sampleCount, 100));
    await applyMapping(file, mapping);
    file.close();
  }
}

test('gives the session that reading without a worker gives', async () => {
  const parser = new GuardedParser(spawn());
  const files: [string, Uint8Array][] = [
    ['a.nwb', smallNwb()],
    ['a.arrow', writeArrow(session)],
    ['a.ns2', madeBlackrock({ packets: [{ ticks: 0, count: 1500 }] })],
  ];
  for (const [name, bytes] of files) {
    const plain = await openFile(inMemory(name, bytes));
    const [guarded] = await parser.open([{ kind: 'bytes', name, bytes }]);
    const { mapping } = proposeMapping(plain);
    expect(proposeMapping(guarded).mapping).toEqual(mapping);
    expect(await applyMapping(guarded, mapping)).toEqual(await applyMapping(plain, mapping));
    expect(guarded.warnings).toEqual(plain.warnings);
  }
  parser.end();
  await expect(parser.open([])).rejects.toThrow(/got a closed one/);
});

describe('the watchdog', () => {
  function fake() {
    let reply: (message: ParserReply) => void = () => {};
    let crash: (reason: string) => void = () => {};
    const posted: ParserRequest[] = [];
    let terminated = 0;
    const parser = new GuardedParser({
      post: (message) => void posted.push(message),
      listen(onReply, onCrash) {
        reply = onReply;
        crash = onCrash;
      },
      terminate: () => void (terminated += 1),
    });
    const opening = parser.open([{ kind: 'bytes', name: 'x.nwb', bytes: new Uint8Array(1) }]);
    opening.catch(() => {});
    return {
      parser,
      opening,
      posted,
      reply: (message: ParserReply) => reply(message),
      crash: (reason: string) => crash(reason),
      terminated: () => terminated,
    };
  }

  test('kills after 4 s without a sign, and not before', async () => {
    vi.useFakeTimers();
    const { parser, opening, reply, terminated } = fake();
    for (let i = 0; i < 10; i++) {
      vi.advanceTimersByTime(3900);
      reply({ type: 'progress', memoryBytes: 0 });
    }
    expect(parser.isAlive).toBe(true);
    vi.advanceTimersByTime(4000);
    vi.useRealTimers();
    await expect(opening).rejects.toThrow(
      /^\[open\] expected progress in reading "x.nwb", got none for 4/,
    );
    expect([parser.isAlive, terminated()]).toEqual([false, 1]);
  });

  test('forgives time in which the machine stood still', async () => {
    const stallMs = 1250;
    let reply: (message: ParserReply) => void = () => {};
    const parser = new GuardedParser(
      {
        post: () => {},
        listen: (onReply) => {
          reply = onReply;
        },
        terminate: () => {},
      },
      { ...PARSER_LIMITS, stallMs },
    );
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = () => reply({ type: 'done', id: 1, value: [], memoryBytes: 0 });
    const opening = parser.open([{ kind: 'bytes', name: 'x.nwb', bytes: new Uint8Array(1) }]);
    port1.postMessage('the answer, which waits for its turn');
    const until = performance.now() + 2 * stallMs;
    while (performance.now() < until);
    expect(await opening).toEqual([]);
    port1.close();
  });

  test('kills above 1 GiB', async () => {
    const { opening, reply, terminated } = fake();
    reply({ type: 'progress', memoryBytes: 2 ** 30 });
    expect(terminated()).toBe(0);
    reply({ type: 'progress', memoryBytes: 2 ** 30 + 1 });
    await expect(opening).rejects.toThrow(/more than 1024 MiB/);
    expect(terminated()).toBe(1);
  });

  test.each<[string, (made: ReturnType<typeof fake>) => void, RegExp, boolean]>([
    ['a crash', ({ crash }) => crash('out of memory'), /parser ended \(out of memory\)/, false],
    [
      'a refusal',
      ({ reply, posted }) =>
        reply({ type: 'failed', id: posted[0].id, message: '[x] expected', isFatal: false }),
      /^\[x\] expected$/,
      true,
    ],
    [
      'a trap',
      ({ reply, posted }) =>
        reply({ type: 'failed', id: posted[0].id, message: '[x] expected', isFatal: true }),
      /^\[x\] expected$/,
      false,
    ],
  ])('%s ends the question', async (_, happen, message, isAlive) => {
    const made = fake();
    happen(made);
    await expect(made.opening).rejects.toThrow(message);
    expect(made.parser.isAlive).toBe(isAlive);
    made.parser.end();
  });
});

/** A clock that passes over times in which this thread did not run: a virtual machine that is held for a while slows no parser. */
const runningMs = (() => {
  const now = performance.now.bind(performance);
  let ranMs = 0;
  let lookedMs = now();
  const look = () => {
    ranMs += Math.min(now() - lookedMs, 1000);
    lookedMs = now();
    return ranMs;
  };
  setInterval(look, 50).unref();
  return look;
})();

const ONE_SENTENCE = /^\[[\w -]+\] expected [\s\S]+, got [\s\S]*: [^\n]+$/;

describe.each<[string, string, () => Uint8Array]>([
  ['NWB', 'a.nwb', smallNwb],
  ['HDF5', 'a.h5', smallHdf5],
  ['MATLAB v7.3', 'a.mat', smallMat73],
  ['Arrow', 'a.arrow', () => writeArrow(session)],
  ['Arrow, Zstandard', 'a.feather', smallFeather],
])('%s', (_, name, make) => {
  test(`${VARIANTS} damaged variants end in a reading or one sentence, soon`, async () => {
    const whole = make();
    const outcomes = { read: 0, refused: 0, killed: 0, slowestMs: 0 };
    const lane = () => {
      let parser = new GuardedParser(spawn());
      const outcomeOf = async (bytes: Uint8Array) => {
        if (!parser.isAlive) parser = new GuardedParser(spawn());
        const startedMs = runningMs();
        try {
          await readAll(parser, name, bytes);
          outcomes.read += 1;
        } catch (error) {
          expect((error as Error).message).toMatch(ONE_SENTENCE);
          outcomes[parser.isAlive ? 'refused' : 'killed'] += 1;
        }
        outcomes.slowestMs = Math.max(outcomes.slowestMs, runningMs() - startedMs);
        expect(outcomes.slowestMs).toBeLessThan(MAX_MS);
      };
      return { outcomeOf, end: () => parser.end() };
    };
    const control = lane();
    await control.outcomeOf(whole);
    control.end();
    expect(outcomes.read).toBe(1);
    const change = fc.record({
      at: fc.oneof(fc.nat(Math.min(whole.length, 4096) - 1), fc.nat(whole.length - 1)),
      value: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff),
      isFlip: fc.boolean(),
      length: fc.integer({ min: 1, max: 8 }),
    });
    const damage = fc.record({
      changes: fc.array(change, { maxLength: 4 }),
      end: fc.oneof(fc.constant(whole.length), fc.nat(whole.length)),
    });
    const runLane = async () => {
      const { outcomeOf, end } = lane();
      const property = fc.asyncProperty(damage, async ({ changes, end }) => {
        const damaged = whole.slice();
        for (const { at, value, isFlip, length } of changes) {
          for (let i = at; i < Math.min(at + length, damaged.length); i++) {
            damaged[i] = isFlip ? damaged[i] ^ (value | 1) : value;
          }
        }
        await outcomeOf(damaged.slice(0, end));
      });
      await fc.assert(property, { numRuns: VARIANTS / LANES, endOnFailure: true });
      end();
    };
    await Promise.all(Array.from({ length: LANES }, runLane));
    console.log(name, outcomes);
    expect(outcomes.read + outcomes.refused + outcomes.killed).toBe(VARIANTS + 1);
  }, 600_000);
});
