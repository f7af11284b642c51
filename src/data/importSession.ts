/** A recording made into a session that says where it came from. */
import { SOFTWARE_VERSION } from '../base/version';
import { type ExtractOptions, extractSession } from './extractStream';
import type { FileSource, OpenFile } from './formats/fileFormat';
import type { Mapping } from './mapping';
import { locatedMapping } from './mapping';
import { type FileFingerprint, fingerprint } from './provenance';
import type { Session } from './session';

/**
 * {@link extractSession} with the fingerprints of the files, the mapping, the front end and the software.
 * @param sources the files that `file` was opened from
 */
export async function importSession(
  file: OpenFile,
  sources: readonly FileSource[],
  mapping: Mapping,
  options: ExtractOptions,
): Promise<Session> {
  const { session, frontEnd, sourceRateHz } = await extractSession(file, mapping, options);
  const files: FileFingerprint[] = [];
  for (const source of sources) files.push(await fingerprint(source, options.signal));
  return {
    ...session,
    ...(file.recordedAt && { recordedAt: file.recordedAt }),
    provenance: {
      files,
      mapping: locatedMapping(file, mapping),
      frontEnd,
      sourceRateHz,
      softwareVersion: SOFTWARE_VERSION,
    },
  };
}
