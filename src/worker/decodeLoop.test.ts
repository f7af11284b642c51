// The replay decodes every frame of the test fold once and in order, also when frames queue and are taken together.
import { afterEach, describe, expect, it } from 'vitest';
import type { Fault } from '../base/fault';
import { fitNormalisation, normalise } from '../data/normalisation';
import { syntheticSessions } from '../data/synthetic';
import type { DecodePath } from '../decode/chooseDecoder';
import { createCpuDecoder } from '../decode/cpuDecoder';
import { createDecoder, type Decoder } from '../decode/decoder';
import { testDevice } from '../gpu/testDevice';
import { TINY_CONFIG, tinyWeights } from '../model/tinyModel.test-support';
import type { StudioEvent } from './api';
import { DecodeLoop } from './decodeLoop';
import type { DecodedFrames } from './decodingApi';
import { Preparer } from './preparing';
import type { DataSettings } from './recordingsApi';
import { ReplaySource } from './replaySource';

const CHANNELS = TINY_CONFIG.channelCount;
const settings: DataSettings = {
  frontEnd: 'realtime',
  notchHz: 60,
  behaviourAsVelocity: false,
  split: 'contiguous',
};
const config = TINY_CONFIG;
const weights = tinyWeights();
const [session] = syntheticSessions({
  sessionCount: 1,
  durationS: 60,
  channelCount: CHANNELS,
  seed: 3,
});
const prepared = new Preparer().prepare(session, settings);

/** Frame by frame, in the session's units. */
async function decodeOneByOne(decoder: Decoder): Promise<Float32Array> {
  const source = new ReplaySource(session, prepared, settings);
  const { behaviourMean, behaviourScale } = source.normalisation;
  const rows: number[] = [];
  for (let next = source.next(); next; next = source.next()) {
    const { behaviour } = await decoder.step(next.lfp);
    rows.push(...behaviour.map((value, k) => value * behaviourScale[k] + behaviourMean[k]));
  }
  decoder.destroy();
  return Float32Array.from(rows);
}

let loop: DecodeLoop | undefined;
afterEach(() => loop?.close());

/** Plays the fold to its end. */
async function replay(
  preference: DecodePath,
  speed: number,
  data = settings,
): Promise<DecodedFrames[]> {
  const told: DecodedFrames[] = [];
  const faults: Fault[] = [];
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const tell = (event: StudioEvent): void => {
    if (event.type === 'fault') faults.push(event.fault);
    if (event.type === 'decoded') told.push(event.frames);
    if (event.type === 'decodeEnded') end();
  };
  loop = await DecodeLoop.open({
    device: testDevice,
    preference,
    model: { config, weights },
    session,
    data,
    prepared: new Preparer().prepare(session, data),
    speed,
    loop: false,
    tell,
  });
  loop.play();
  await ended;
  await loop.close();
  loop = undefined;
  expect(faults).toEqual([]);
  return told;
}

describe.each<DecodePath>(['gpu', 'cpu'])('on %s', (path) => {
  it.each([20, 1000])(
    'at %d times the pace decodes every frame once, to the bit',
    async (speed) => {
      const told = await replay(path, speed);
      const { range } = new ReplaySource(session, prepared, settings);
      let next = range.start;
      for (const { firstFrame, count } of told) {
        expect(firstFrame).toBe(next);
        next += count;
      }
      expect(next).toBe(range.end);
      const expected = await decodeOneByOne(
        path === 'gpu'
          ? await createDecoder(await testDevice(), config, weights)
          : await createCpuDecoder(config, weights),
      );
      const got = told.flatMap(({ decoded }) => [...decoded]);
      expect(Float32Array.from(got)).toEqual(expected);
    },
  );
});

it.each([
  { name: 'the training fold', runningZScoreS: undefined },
  { name: 'a running z-score', runningZScoreS: 5 },
])(
  'normalised by $name, live predictions are those of the whole session, to the bit',
  async ({ runningZScoreS }) => {
    const data = { ...settings, ...(runningZScoreS && { runningZScoreS }) };
    const told = await replay('cpu', 1000, data);
    const got = Float32Array.from(told.flatMap(({ decoded }) => [...decoded]));
    // The session is shorter than the filters' settling time, so that the replay's filters saw it from its start.
    const { features, split } = new Preparer().prepare(session, data);
    const norm = fitNormalisation(features, split.train);
    const { lfp } = normalise(features, norm);
    const decoder = await createCpuDecoder(config, weights);
    const rows: number[] = [];
    for (let frame = split.test[0].start; frame < split.test[0].end; frame++) {
      const { behaviour } = await decoder.step(lfp.slice(frame * CHANNELS, (frame + 1) * CHANNELS));
      rows.push(
        ...behaviour.map((value, k) => value * norm.behaviourScale[k] + norm.behaviourMean[k]),
      );
    }
    decoder.destroy();
    expect(got).toEqual(Float32Array.from(rows));
  },
);
