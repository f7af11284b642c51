// The decoder: open, play, pause, step, speed, loop.
import type { DecodePreference } from '../../decode/chooseDecoder';
import type { DecodeLayout } from '../../worker/decodingApi';
import type { StudioClient } from '../clientContext';
import { openDecodeSeries } from '../series';
import { decodeStore } from '../stores/decodeStore';
import { sessionStore } from '../stores/sessionStore';
import { settingsStore } from '../stores/settingsStore';
import { guarded } from './faults';

/** Opens a decoder for the selected session and plays; false when that failed. */
export async function openDecoder(client: StudioClient): Promise<boolean> {
  const { selectedId } = sessionStore.getState();
  if (selectedId === undefined || decodeStore.getState().isOpening) return false;
  const { data, decodeSpeed, decodeLoop, decodePreference } = settingsStore.getState();
  decodeStore.setState({ isOpening: true, closedBecause: undefined });
  const layout = await guarded('The decoder could not be started.', () =>
    client.startDecode({
      sessionId: selectedId,
      data,
      speed: decodeSpeed,
      loop: decodeLoop,
      preference: decodePreference,
    }),
  );
  decodeStore.setState({ isOpening: false });
  if (!layout) return false;
  openDecodeSeries(layout);
  decodeStore.setState({ layout, latency: undefined, isPlaying: true });
  await guarded('The decoder could not play.', () => client.playDecode());
  return true;
}

export async function togglePlay(client: StudioClient): Promise<void> {
  const { layout, isPlaying } = decodeStore.getState();
  if (!layout) {
    await openDecoder(client);
    return;
  }
  decodeStore.setState({ isPlaying: !isPlaying });
  await guarded('The decoder did not answer.', () =>
    isPlaying ? client.pauseDecode() : client.playDecode(),
  );
}

/** One frame, then paused. */
export async function stepDecode(client: StudioClient): Promise<void> {
  if (!decodeStore.getState().layout) return;
  decodeStore.setState({ isPlaying: false });
  await guarded('The frame could not be decoded.', () => client.stepDecode());
}

export async function setSpeed(client: StudioClient, decodeSpeed: number): Promise<void> {
  settingsStore.setState({ decodeSpeed });
  await guarded('The speed could not be changed.', () => client.setDecodeSpeed(decodeSpeed));
}

export async function setLoop(client: StudioClient, decodeLoop: boolean): Promise<void> {
  settingsStore.setState({ decodeLoop });
  await guarded('Looping could not be changed.', () => client.setDecodeLoop(decodeLoop));
}

/** An open decoder is closed and opened again where it is wanted. */
export async function setPreference(
  client: StudioClient,
  decodePreference: DecodePreference,
): Promise<void> {
  settingsStore.setState({ decodePreference });
  if (!decodeStore.getState().layout) return;
  await closeDecoder(client);
  await openDecoder(client);
}

export async function closeDecoder(client: StudioClient): Promise<void> {
  if (!decodeStore.getState().layout) return;
  decodeStore.setState({ layout: undefined, isPlaying: false, latency: undefined });
  await guarded('The decoder could not be closed.', () => client.stopDecode());
}

/**
 * Closes an open decoder as soon as what it was built from is no more: it would decode by channels or a
 * front end that the page no longer shows.
 * @returns the function that stops watching
 */
export function closeStaleDecoder(client: StudioClient): () => void {
  let built: { layout: DecodeLayout; from: string | undefined } | undefined;
  const watch = () => {
    const { layout } = decodeStore.getState();
    if (!layout) built = undefined;
    else if (built?.layout !== layout) built = { layout, from: sourceOf(layout) };
    else if (built.from !== sourceOf(layout)) {
      built = undefined;
      const isGone = sourceOf(layout) === undefined;
      const why = isGone ? 'was removed' : 'has other channels or another front end now';
      decodeStore.setState({ closedBecause: `${layout.sessionName} ${why}` });
      void closeDecoder(client);
    }
  };
  const stops = [decodeStore, sessionStore, settingsStore].map((store) => store.subscribe(watch));
  return () => {
    for (const stop of stops) stop();
  };
}

/** Undefined: the session is gone. */
function sourceOf({ sessionId }: DecodeLayout): string | undefined {
  const session = sessionStore.getState().sessions.find(({ id }) => id === sessionId);
  return session && JSON.stringify([session.channelsUsed, settingsStore.getState().data]);
}
