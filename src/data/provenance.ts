/** Where a session came from, kept with it: enough to make it again and to see that it is the same. */
import type { FileSource } from './formats/fileFormat';
import type { PowerBand } from './frontEnd/bandPower';
import type { ReferenceKind } from './frontEnd/reference';
import type { Mapping } from './mapping';

export interface Provenance {
  readonly files: readonly (FileFingerprint | RemoteFile)[];
  readonly mapping: Mapping;
  /** Absent: the session holds the samples as they were recorded. */
  readonly frontEnd?: AppliedFrontEnd;
  /** Rate of the series before the front end. */
  readonly sourceRateHz: number;
  readonly softwareVersion: string;
}

/** `none`: the file held frames already. */
export interface AppliedFrontEnd {
  readonly kind: 'realtime' | 'offline-paper' | 'none';
  readonly frameRateHz: number;
  readonly notchHz: number;
  readonly reference: ReferenceKind;
  readonly groupDelayMs: number;
  /** Absent: no band powers. */
  readonly powerBandsHz?: readonly PowerBand[];
  readonly bandDelaysMs?: readonly number[];
  /** Adapter that reduced broadband in float32; absent: the processor, in float64. */
  readonly reducedOn?: string;
}

export interface FileFingerprint {
  readonly name: string;
  readonly byteLength: number;
  /**
   * SHA-256 of the joined SHA-256 digests of the file's blocks of 16 MiB, hexadecimal: a file larger than
   * memory needs no more than one block of it.
   */
  readonly sha256OfBlocks: string;
}

/** A file that was never read whole, and so has no fingerprint. */
export interface RemoteFile {
  readonly name: string;
  readonly url: string;
}

const BLOCK_BYTES = 2 ** 24;

/** @param signal stops between two blocks */
export async function fingerprint(
  source: FileSource,
  signal?: AbortSignal,
): Promise<FileFingerprint> {
  const { name, byteLength } = source;
  const digests: Uint8Array[] = [];
  for (let start = 0; start < byteLength; start += BLOCK_BYTES) {
    signal?.throwIfAborted();
    const block = await source.slice(start, Math.min(byteLength, start + BLOCK_BYTES));
    digests.push(await sha256(block));
  }
  const joined = new Uint8Array(32 * digests.length);
  digests.forEach((digest, i) => {
    joined.set(digest, 32 * i);
  });
  const bytes = await sha256(joined);
  const sha256OfBlocks = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { name, byteLength, sha256OfBlocks };
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}
