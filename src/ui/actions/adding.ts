// Recordings on their way in: opened, given their series, read, or cancelled.
import type { Mapping } from '../../data/mapping';
import type { OpenedFile, OpenOutcome } from '../../worker/recordingsApi';
import type { StudioClient } from '../clientContext';
import { sessionStore } from '../stores/sessionStore';
import { settingsStore } from '../stores/settingsStore';
import { guarded, showFault } from './faults';
import { showNote } from './view';

/** What lies beside recordings in a BIDS folder and only describes them. */
const SIDECAR =
  /(?<!\.lindi)\.json$|_(channels|electrodes|events|scans|participants)\.tsv$|^README|^CHANGES$/i;

type Reading = 'added' | 'refused' | 'cancelled';

export async function addFiles(client: StudioClient, chosen: File[]): Promise<void> {
  const recordings = chosen.filter(({ name }) => !SIDECAR.test(name));
  // Alone it was meant, and gets its message.
  const files = recordings.length > 0 ? recordings : chosen;
  if (files.length === 0) return;
  if (files.length < chosen.length) {
    const passed = chosen.filter((file) => !files.includes(file)).map(({ name }) => name);
    showNote(`Passed over what only describes a recording: ${passed.join(', ')}.`);
  }
  const busy = files.length === 1 ? `Opening ${files[0].name}` : `Opening ${files.length} files`;
  await addOutcomes(client, busy, () => client.openFiles(files));
}

/** A recording behind an address; false when it could not be opened. */
export async function addAddress(client: StudioClient, url: string): Promise<boolean> {
  return addOutcomes(client, `Opening ${url}`, () => client.openAddress(url));
}

/** @returns whether each was opened */
async function addOutcomes(
  client: StudioClient,
  busy: string,
  open: () => Promise<OpenOutcome[]>,
): Promise<boolean> {
  sessionStore.setState({ busy });
  const outcomes = await guarded('The recording could not be opened.', open);
  sessionStore.setState({ busy: undefined });
  if (outcomes?.length === 0) showNote('Cancelled: nothing was added.');
  const files = (outcomes ?? []).flatMap((outcome) => ('file' in outcome ? [outcome.file] : []));
  for (const outcome of outcomes ?? []) if ('fault' in outcome) showFault(outcome.fault);
  const isClear = (file: OpenedFile) => !needsChoice(file);
  const unclear = files.filter(needsChoice);
  sessionStore.setState(({ opened }) => ({ opened: [...opened, ...unclear] }));
  let isCancelled = false;
  for (const file of files.filter(isClear)) {
    isCancelled ||= (await readFile(client, file, file.proposal)) === 'cancelled';
    if (isCancelled) await dropFile(client, file);
  }
  return outcomes !== undefined && outcomes.length > 0 && files.length === outcomes.length;
}

/** One LFP series and at most one behaviour series leave nothing to choose, unless they lie in two files or another choice was made before. */
function needsChoice({ series, proposal, remembered }: OpenedFile): boolean {
  if (remembered) return true;
  const chosen = [proposal.lfp, ...proposal.behaviour].map((one) => one.path);
  if (series.some(({ path, rateHz }) => rateHz === undefined && chosen.includes(path))) return true;
  const files = chosen.map((path) => series.find((one) => one.path === path)?.fileName);
  if (new Set(files).size > 1) return true;
  return series.length > 2 || series.filter(({ kind }) => kind !== 'behaviour').length > 1;
}

/** Reads each of the files as the mapping says; after a cancel the rest waits for another choice. */
export async function chooseSeries(
  client: StudioClient,
  files: readonly OpenedFile[],
  mapping: Mapping,
): Promise<void> {
  const isChosen = ({ token }: OpenedFile) => files.some((file) => file.token === token);
  sessionStore.setState(({ opened }) => ({ opened: opened.filter((file) => !isChosen(file)) }));
  let isCancelled = false;
  for (const file of files) {
    const reading: Reading = isCancelled ? 'cancelled' : await readFile(client, file, mapping);
    isCancelled = reading === 'cancelled';
    // The file stays open in the worker after a refused choice, so another can be tried.
    if (reading !== 'added') {
      sessionStore.setState(({ opened }) => ({ opened: [...opened, file] }));
    }
  }
}

async function readFile(
  client: StudioClient,
  file: OpenedFile,
  mapping: Mapping,
): Promise<Reading> {
  sessionStore.setState({ busy: `Reading ${file.fileName}` });
  const { data } = settingsStore.getState();
  const read = await guarded(`${file.fileName} could not be read.`, async () => ({
    session: await client.addFile(file.token, mapping, data),
  }));
  sessionStore.setState({ busy: undefined });
  if (!read) return 'refused';
  if (!read.session) {
    showNote(`Cancelled: nothing of ${file.fileName} was kept.`);
    return 'cancelled';
  }
  sessionStore.setState({ selectedId: read.session.id });
  return 'added';
}

export async function dropFile(client: StudioClient, file: OpenedFile): Promise<void> {
  sessionStore.setState(({ opened }) => ({
    opened: opened.filter(({ token }) => token !== file.token),
  }));
  await guarded(`${file.fileName} could not be closed.`, () => client.closeFile(file.token));
}

export async function cancelImport(client: StudioClient): Promise<void> {
  await guarded('Reading could not be stopped.', () => client.cancelImport());
}
