// The choice between the decoder's paths, with decoders that take a set time on a set clock.

import { describe, expect, test } from 'vitest';
import { type ChooseOptions, chooseDecoder, type DecodePath } from './chooseDecoder';
import type { Decoder } from './decoder';

const COLUMNS = 6;

interface Fake extends Decoder {
  readonly frames: number[][];
  readonly calls: string[];
}

class Clock {
  ms = 0;

  /** A decoder whose frame t takes as long as told. */
  decoder(tookMs: (t: number) => number): Fake {
    const frames: number[][] = [];
    const calls: string[] = [];
    const row = new Float32Array(1);
    return {
      frames,
      calls,
      dispatches: 0,
      step: async (lfp) => {
        this.ms += tookMs(frames.length);
        frames.push([...lfp]);
        return { behaviour: row, tokens: row, hidden: row };
      },
      catchUp: () => Promise.reject(new Error('only single frames are measured')),
      reset: () => void calls.push('reset'),
      destroy: () => void calls.push('destroy'),
    };
  }
}

function setUp(tookMs: Record<DecodePath, (t: number) => number>, options = {}) {
  const clock = new Clock();
  const fakes = { gpu: clock.decoder(tookMs.gpu), cpu: clock.decoder(tookMs.cpu) };
  const all: ChooseOptions = {
    create: { gpu: async () => fakes.gpu, cpu: async () => fakes.cpu },
    preference: 'auto',
    columns: COLUMNS,
    deadlineMs: 10,
    frames: 100,
    warmUpFrames: 20,
    longestWarmUpMs: 1e9,
    longestMs: 1e9,
    now: () => clock.ms,
    ...options,
  };
  return { fakes, choose: () => chooseDecoder(all) };
}

const other = (path: DecodePath): DecodePath => (path === 'gpu' ? 'cpu' : 'gpu');
const slowOnce = (t: number): number => (t === 50 ? 40 : 1);

test.each<[string, Record<DecodePath, (t: number) => number>, DecodePath]>([
  ['the faster one', { gpu: () => 2, cpu: () => 5 }, 'gpu'],
  ['the faster one, the other way round', { gpu: () => 5, cpu: () => 2 }, 'cpu'],
  [
    'a steady one before one that is faster but for a frame',
    { gpu: slowOnce, cpu: () => 5 },
    'cpu',
  ],
  ['slow first frames do not count', { gpu: (t) => (t < 20 ? 900 : 1), cpu: () => 2 }, 'gpu'],
])('takes %s', async (_, tookMs, expected) => {
  const { fakes, choose } = setUp(tookMs);
  const { path, decoder, latency, faults } = await choose();
  expect(path).toBe(expected);
  expect(decoder).toBe(fakes[expected]);
  expect(fakes[expected].calls).toEqual(['reset']);
  expect(fakes[other(expected)].calls).toEqual(['destroy']);
  expect(faults).toEqual({});
  expect(latency.gpu).toMatchObject({ frames: 100, p50Ms: tookMs.gpu(99), deadlineMs: 10 });
  expect(latency.cpu).toMatchObject({ frames: 100, p50Ms: tookMs.cpu(99), deadlineMs: 10 });
});

test('gives each path the same frames of zeros, warm-up included', async () => {
  const { fakes, choose } = setUp({ gpu: () => 1, cpu: () => 2 });
  await choose();
  const zeros = Array.from({ length: 120 }, () => new Array<number>(COLUMNS).fill(0));
  expect(fakes.gpu.frames).toEqual(zeros);
  expect(fakes.cpu.frames).toEqual(zeros);
});

test('of 200 frames the slowest one does not decide, the two slowest do', async () => {
  const spikes = (count: number) => (t: number) => (t >= 50 && t < 50 + count ? 40 : 1);
  const tookMs = (count: number) => ({ gpu: spikes(count), cpu: () => 5 });
  expect((await setUp(tookMs(1), { frames: 200 }).choose()).path).toBe('gpu');
  expect((await setUp(tookMs(2), { frames: 200 }).choose()).path).toBe('cpu');
});

test('stops measuring a slow path, and only that one', async () => {
  const { choose } = setUp({ gpu: () => 50, cpu: () => 1 }, { longestMs: 500 });
  const { path, latency } = await choose();
  expect(path).toBe('cpu');
  expect(latency).toMatchObject({ gpu: { frames: 10, p99Ms: 50 }, cpu: { frames: 100 } });
});

describe('a warm-up that takes too long', () => {
  const limits = { longestWarmUpMs: 2000, longestMs: 2000 };
  const slow = { gpu: () => 900, cpu: () => 2 };

  test('ends, and its path is out', async () => {
    const { fakes, choose } = setUp(slow, limits);
    const { path, latency, faults } = await choose();
    expect(path).toBe('cpu');
    expect(fakes.gpu.frames).toHaveLength(3);
    expect(fakes.gpu.calls).toEqual(['destroy']);
    expect(latency.gpu).toBeUndefined();
    expect(latency.cpu).toMatchObject({ frames: 100, p99Ms: 2 });
    expect(faults.gpu?.message).toMatch(/expected a warm-up no longer .* got 2700 ms/);
  });

  test('whichever path it is', async () => {
    const { choose } = setUp({ gpu: slow.cpu, cpu: slow.gpu }, limits);
    expect(await choose()).toMatchObject({ path: 'gpu', latency: { gpu: { p99Ms: 2 } } });
  });

  test('is measured all the same when the other took longer for everything', async () => {
    // The first frames of the GPU are slow, the processor is slow all along: 20 x 90 + 23 x 90 ms.
    const tookMs = { gpu: (t: number) => (t < 3 ? 900 : 1), cpu: () => 90 };
    const { fakes, choose } = setUp(tookMs, limits);
    const { path, latency } = await choose();
    expect(path).toBe('gpu');
    expect(latency).toMatchObject({ gpu: { frames: 100, p99Ms: 1 }, cpu: { frames: 23 } });
    expect(fakes.gpu.frames).toHaveLength(103);
  });

  test('does not put out a path that was asked for', async () => {
    const { fakes, choose } = setUp(slow, { ...limits, preference: 'gpu' });
    const { path, decoder, latency } = await choose();
    expect([path, decoder]).toEqual(['gpu', fakes.gpu]);
    expect(latency).toMatchObject({ gpu: { frames: 3, p99Ms: 900 }, cpu: { frames: 100 } });
  });

  test('ends too when there is no other path', async () => {
    const cannot = () => Promise.reject(new Error('no SIMD'));
    const clock = new Clock();
    const gpu = clock.decoder(() => 900);
    const create = { gpu: async () => gpu, cpu: cannot };
    const { choose } = setUp(slow, { ...limits, create, now: () => clock.ms });
    expect(await choose()).toMatchObject({ path: 'gpu', latency: { gpu: { frames: 3 } } });
    expect(gpu.frames).toHaveLength(6);
  });
});

test.each<DecodePath>(['gpu', 'cpu'])('%s can be asked for, both are measured', async (wanted) => {
  const slow = { gpu: () => 1, cpu: () => 1, [wanted]: () => 9 };
  const { fakes, choose } = setUp(slow, { preference: wanted });
  const { path, decoder, latency } = await choose();
  expect([path, decoder]).toEqual([wanted, fakes[wanted]]);
  expect(latency[wanted]?.p99Ms).toBe(9);
  expect(latency[other(wanted)]?.p99Ms).toBe(1);
});

describe('a path that cannot be made', () => {
  const clock = new Clock();
  const cannot = async (): Promise<Decoder> => {
    throw new Error('no adapter');
  };

  test.each(['auto', 'cpu'] as const)('leaves the other with %s', async (preference) => {
    const cpu = clock.decoder(() => 1);
    const create = { gpu: cannot, cpu: async () => cpu };
    const choice = await setUp({ gpu: () => 1, cpu: () => 1 }, { create, preference }).choose();
    expect(choice.path).toBe('cpu');
    expect(choice.latency.gpu).toBeUndefined();
    expect(choice.faults).toEqual({ gpu: new Error('no adapter') });
  });

  test('is an error when it was asked for; the other is destroyed', async () => {
    const cpu = clock.decoder(() => 1);
    const create = { gpu: cannot, cpu: async () => cpu };
    const { choose } = setUp({ gpu: () => 1, cpu: () => 1 }, { create, preference: 'gpu' });
    await expect(choose()).rejects.toThrow('no adapter');
    expect(cpu.calls).toEqual(['destroy']);
  });

  test('is an error when both fail', async () => {
    const create = { gpu: cannot, cpu: cannot };
    const { choose } = setUp({ gpu: () => 1, cpu: () => 1 }, { create });
    await expect(choose()).rejects.toThrow('no adapter');
  });
});
