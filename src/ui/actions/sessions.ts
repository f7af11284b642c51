// Recordings: read, choose, remove and take back.
import type { Mapping } from '../../data/mapping';
import type { DataSettings, OpenedFile, SessionSummary } from '../../worker/api';
import type { StudioClient } from '../clientContext';
import { sessionStore } from '../stores/sessionStore';
import { settingsStore } from '../stores/settingsStore';
import { download } from './download';
import { guarded, showFault } from './faults';
import { showNote } from './view';

/** What lies beside recordings in a BIDS folder and only describes them. */
const SIDECAR = /\.json$|_(channels|electrodes|events|scans|participants)\.tsv$|^README|^CHANGES$/i;

export async function addFiles(client: StudioClient, chosen: File[]): Promise<void> {
  const recordings = chosen.filter(({ name }) => !SIDECAR.test(name));
  // Alone it was meant, and gets its message.
  const files = recordings.length > 0 ? recordings : chosen;
  if (files.length === 0) return;
  if (files.length < chosen.length) {
    const passed = chosen.filter((file) => !files.includes(file)).map(({ name }) => name);
    showNote(`Passed over what only describes a recording: ${passed.join(', ')}.`);
  }
  sessionStore.setState({
    busy: files.length === 1 ? `Opening ${files[0].name}` : `Opening ${files.length} files`,
  });
  const outcomes = await guarded('The files could not be opened.', () => client.openFiles(files));
  sessionStore.setState({ busy: undefined });
  for (const outcome of outcomes ?? []) {
    if ('fault' in outcome) showFault(outcome.fault);
    else if (needsChoice(outcome.file)) {
      sessionStore.setState(({ opened }) => ({ opened: [...opened, outcome.file] }));
    } else await readFile(client, outcome.file, outcome.file.proposal);
  }
}

/** One LFP series and at most one behaviour series leave nothing to choose. */
function needsChoice({ series, proposal }: OpenedFile): boolean {
  const chosen = [proposal.lfp, ...proposal.behaviour].map((one) => one.path);
  if (series.some(({ path, rateHz }) => rateHz === undefined && chosen.includes(path))) return true;
  return series.length > 2 || series.filter(({ kind }) => kind !== 'behaviour').length > 1;
}

/** Reads each of the files as the mapping says. */
export async function chooseSeries(
  client: StudioClient,
  files: readonly OpenedFile[],
  mapping: Mapping,
): Promise<void> {
  for (const file of files) {
    sessionStore.setState(({ opened }) => ({
      opened: opened.filter(({ token }) => token !== file.token),
    }));
    const isRead = await readFile(client, file, mapping);
    // The file stays open in the worker after a refused choice, so another can be tried.
    if (!isRead) sessionStore.setState(({ opened }) => ({ opened: [...opened, file] }));
  }
}

async function readFile(client: StudioClient, file: OpenedFile, mapping: Mapping) {
  sessionStore.setState({ busy: `Reading ${file.fileName}` });
  const session = await guarded(`${file.fileName} could not be read.`, () =>
    client.addFile(file.token, mapping),
  );
  sessionStore.setState({ busy: undefined });
  if (session) sessionStore.setState({ selectedId: session.id });
  return session !== undefined;
}

export async function dropFile(client: StudioClient, file: OpenedFile): Promise<void> {
  sessionStore.setState(({ opened }) => ({
    opened: opened.filter(({ token }) => token !== file.token),
  }));
  await guarded(`${file.fileName} could not be closed.`, () => client.closeFile(file.token));
}

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

export function selectSession(id: string): void {
  sessionStore.setState({ selectedId: id });
}

export function changeData(change: Partial<DataSettings>): void {
  settingsStore.setState(({ data }) => ({ data: { ...data, ...change } }));
}
