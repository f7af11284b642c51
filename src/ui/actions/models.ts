// Model files: to the person's disk and back.
import type { StudioClient } from '../clientContext';
import { runStore } from '../stores/runStore';
import { guarded } from './faults';
import { showNote } from './view';

export async function downloadModel(
  client: StudioClient,
  which: 'teacher' | 'student',
): Promise<void> {
  const bytes = await guarded(`The ${which} could not be written.`, () =>
    client.exportModel(which),
  );
  if (!bytes) return;
  const preset = runStore.getState().models[which]?.preset ?? 'model';
  const url = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  const link = document.createElement('a');
  link.href = url;
  link.download = `realm-${which}-${preset}.safetensors`;
  link.click();
  // The download reads the address after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export async function loadModel(client: StudioClient, file: File): Promise<void> {
  const isLoaded = await guarded(`${file.name} could not be loaded.`, async () => {
    await client.importModel(new Uint8Array(await file.arrayBuffer()));
    return true;
  });
  if (isLoaded) showNote(`Loaded ${file.name}.`);
}
