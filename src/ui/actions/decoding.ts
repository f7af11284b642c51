// The decoder: open, play, pause, step, speed, loop.
import type { DecodePreference } from '../../decode/chooseDecoder';
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
  decodeStore.setState({ isOpening: true });
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
