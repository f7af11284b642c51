// A small recording as a table with a clock, for tests that need any recording.
import type { DroppedFile } from './studioPage';

/**
 * @param pace makes its values differ from another's: equal recordings are one
 * @param hasClock without one, the rate has to be stated
 */
export function madeTable(name: string, pace: number, hasClock = true): DroppedFile {
  const rows = Array.from({ length: 12_000 }, (_, i) => [
    ...(hasClock ? [(i / 200).toFixed(3)] : []),
    ...[7, 11, 13].map((n) => Math.sin(i / n / pace).toFixed(3)),
    (i % 90) / 90,
  ]);
  const head = `${hasClock ? 'time,' : ''}lfp 1,lfp 2,lfp 3,cursor x`;
  const lines = [head, ...rows.map((row) => row.join(','))];
  return { name, mimeType: 'text/csv', buffer: Buffer.from(lines.join('\n')) };
}
