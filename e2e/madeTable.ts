// A small recording as a table with a clock, for tests that need any recording.
import type { DroppedFile } from './studioPage';

/** @param pace makes its values differ from another's: equal recordings are one */
export function madeTable(name: string, pace: number): DroppedFile {
  const rows = Array.from({ length: 12_000 }, (_, i) => [
    (i / 200).toFixed(3),
    ...[7, 11, 13].map((n) => Math.sin(i / n / pace).toFixed(3)),
    (i % 90) / 90,
  ]);
  const lines = ['time,lfp 1,lfp 2,lfp 3,cursor x', ...rows.map((row) => row.join(','))];
  return { name, mimeType: 'text/csv', buffer: Buffer.from(lines.join('\n')) };
}
