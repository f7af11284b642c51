// The recordings that are here: choose, change, export, remove and take back.

import type { SessionEntry } from '../../worker/library';
import type { DataSettings, SessionSummary } from '../../worker/recordingsApi';
import type { StudioClient } from '../clientContext';
import { sessionStore } from '../stores/sessionStore';
import { settingsStore } from '../stores/settingsStore';
import { download } from './download';
import { guarded } from './faults';
import { showNote } from './view';

export async function addBuiltIn(client: StudioClient): Promise<void> {
  sessionStore.setState({ busy: 'Generating the built-in sessions' });
  await guarded('The built-in sessions could not be made.', () => client.addBuiltIn());
  sessionStore.setState({ busy: undefined });
}

export async function removeSession(client: StudioClient, id: string, name: string): Promise<void> {
  await guarded(`${name} could not be removed.`, () => client.removeSession(id));
  showNote(`Removed ${name}.`, () => {
    void guarded(`${name} could not be taken back.`, () => client.restoreSession(id));
  });
}

/** Rejects channels or takes them back; either can be undone. */
export async function setChannelsUsed(
  client: StudioClient,
  session: SessionSummary,
  channels: readonly number[],
  areUsed: boolean,
): Promise<void> {
  const isDone = await guarded('The channels could not be changed.', async () => {
    await client.useChannels(session.id, channels, areUsed);
    return true;
  });
  if (!isDone) return;
  const what = channels.length === 1 ? 'one channel' : `${channels.length} channels`;
  showNote(areUsed ? `Took back ${what}.` : `Rejected ${what}.`, () => {
    void guarded('The change could not be undone.', () =>
      client.useChannels(session.id, channels, !areUsed),
    );
  });
}

export async function downloadSession(
  client: StudioClient,
  { id, name }: SessionSummary,
): Promise<void> {
  const bytes = await guarded(`${name} could not be written.`, () => client.exportSession(id));
  if (bytes) download(bytes, `${name}.arrow`);
}

/** Names and files a session; false when it was refused. */
export async function describeSession(
  client: StudioClient,
  { id, name }: SessionSummary,
  entry: SessionEntry,
): Promise<boolean> {
  const isDone = await guarded(`${name} could not be changed.`, async () => {
    await client.describeSession(id, entry);
    return true;
  });
  return isDone ?? false;
}

export function toggleTag(tag: string): void {
  sessionStore.setState(({ wantedTags }) => ({
    wantedTags: wantedTags.includes(tag)
      ? wantedTags.filter((wanted) => wanted !== tag)
      : [...wantedTags, tag],
  }));
}

export function selectSession(id: string): void {
  sessionStore.setState({ selectedId: id });
}

export function changeData(change: Partial<DataSettings>): void {
  settingsStore.setState(({ data }) => ({ data: { ...data, ...change } }));
}
