// An open decoder is closed, with its reason, when its session's channels or the front end change, and only then.
import { beforeEach, describe, expect, it } from 'vitest';
import type { DecodeLayout } from '../../worker/decodingApi';
import type { SessionSummary } from '../../worker/recordingsApi';
import type { StudioClient } from '../clientContext';
import { decodeStore } from '../stores/decodeStore';
import { sessionStore } from '../stores/sessionStore';
import { settingsStore } from '../stores/settingsStore';
import { closeStaleDecoder } from './decoding';

const session = (id: string, ...channelsUsed: boolean[]) =>
  ({ id, name: id, channelsUsed }) as unknown as SessionSummary;
const layout = { sessionId: 'a', sessionName: 'day 1' } as unknown as DecodeLayout;

let stops = 0;
const client = {
  stopDecode: async () => {
    stops += 1;
  },
} as unknown as StudioClient;

beforeEach(() => {
  stops = 0;
  decodeStore.setState({ layout: undefined, closedBecause: undefined });
  sessionStore.setState({ sessions: [session('a', true, true), session('b', true)] });
});

describe('closeStaleDecoder', () => {
  it.each<[string, () => void, string | undefined]>([
    [
      'a rejected channel',
      () => sessionStore.setState({ sessions: [session('a', true, false), session('b', true)] }),
      'day 1 has other channels or another front end now',
    ],
    [
      'another notch',
      () => settingsStore.setState(({ data }) => ({ data: { ...data, notchHz: 50 } })),
      'day 1 has other channels or another front end now',
    ],
    [
      'a removal',
      () => sessionStore.setState({ sessions: [session('b', true)] }),
      'day 1 was removed',
    ],
    [
      'another session’s channels',
      () => sessionStore.setState({ sessions: [session('a', true, true), session('b', false)] }),
      undefined,
    ],
    ['another speed', () => settingsStore.setState({ decodeSpeed: 2 }), undefined],
  ])('%s', (_, change, because) => {
    const stop = closeStaleDecoder(client);
    decodeStore.setState({ layout });
    change();
    expect(decodeStore.getState().closedBecause).toBe(because);
    expect(decodeStore.getState().layout).toBe(because ? undefined : layout);
    expect(stops).toBe(because ? 1 : 0);
    stop();
  });

  it('takes a decoder that was built after the change as it is', () => {
    const stop = closeStaleDecoder(client);
    sessionStore.setState({ sessions: [session('a', true, false)] });
    decodeStore.setState({ layout });
    decodeStore.setState({ isPlaying: true });
    expect([decodeStore.getState().layout, stops]).toEqual([layout, 0]);
    stop();
  });
});
