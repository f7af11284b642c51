// Model files: to the person's disk and back.
import type { StudioClient } from '../clientContext';
import { runStore } from '../stores/runStore';
import { download } from './download';
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
  download(bytes, `realm-${which}-${preset}.safetensors`);
}

export async function loadModel(client: StudioClient, file: File): Promise<void> {
  const isLoaded = await guarded(`${file.name} could not be loaded.`, async () => {
    await client.importModel(new Uint8Array(await file.arrayBuffer()));
    return true;
  });
  if (isLoaded) showNote(`Loaded ${file.name}.`);
}
