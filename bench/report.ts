// Tables of the results, as text that is also Markdown.

import type { BenchResult } from './bench';
import { STUDENT_STEP } from './paperScale';

const columns = {
  ms: (x: number): string => (x >= 100 ? x.toFixed(0) : x.toFixed(x >= 10 ? 1 : 2)),
  mib: (bytes: number): string => (bytes / 2 ** 20).toFixed(1),
  percent: (x: number): string => `${(100 * x).toFixed(0)} %`,
  one: (x: number): string => x.toFixed(1),
};

/** A Markdown table whose columns line up; nothing without rows. */
function tableOf(header: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const widths = header.map((name, c) =>
    Math.max(name.length, ...rows.map((row) => row[c].length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join(' | ')} |`;
  const rule = `|${widths.map((width, c) => (c === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}

export function reportOf(result: BenchResult): string {
  const { ms, mib, percent, one } = columns;
  const { peaks } = result;
  const studioOf = (name: string) =>
    result.rows.find((row) => row.case === name && row.engine === 'studio');
  const times = (theirs: number, ours: number | undefined): string =>
    ours ? `${(theirs / ours).toFixed(1)}x` : '';
  const ours = result.paper.find(({ step }) => step === STUDENT_STEP)?.medianMs;
  const parts = [
    `${result.adapter}; ${result.runtime}; peaks ${one(peaks.gflops)} GFLOP/s, ${one(peaks.gbPerS)} GB/s`,
    tableOf(
      [
        'case',
        'engine',
        'median ms',
        'min',
        'max',
        'vs studio',
        'first ms',
        'vs studio',
        'dispatches',
        'submits',
        'bind groups',
        'buffers',
        'peak MiB',
      ],
      result.rows.map((row) => [
        row.case,
        row.engine,
        ms(row.medianMs),
        ms(row.minMs),
        ms(row.maxMs),
        times(row.medianMs, studioOf(row.case)?.medianMs),
        ms(row.firstMs),
        times(row.firstMs, studioOf(row.case)?.firstMs),
        ...[row.dispatches, row.submits, row.bindGroups, row.buffers].map(String),
        mib(row.peakBytes),
      ]),
    ),
    tableOf(
      ['dispatches of a REALM step', 'per layer', 'outside', 'total'],
      Object.entries(result.dispatches ?? {}).map(([name, counts]) => [
        name,
        ...[counts.perLayer, counts.outsideLayers, counts.total].map(String),
      ]),
    ),
    ...Object.entries(result.profiles).map(([name, profile]) =>
      tableOf(
        [`profile of ${name}`, 'dispatches', 'ms', 'share', 'GB/s'],
        profile.map((row) => [
          row.kernel,
          String(row.count),
          ms(row.ms),
          percent(row.share),
          one(row.gbPerS),
        ]),
      ),
    ),
    tableOf(
      ['kernel', 'shape', 'ms', 'GFLOP/s', 'GB/s', 'bound', 'of its peak'],
      result.kernels.map((row) => [
        row.kernel,
        row.shape,
        ms(row.ms),
        one(row.gflops),
        one(row.gbPerS),
        row.bound,
        percent(row.fraction),
      ]),
    ),
    tableOf(
      ['paper scale, T 500', 'median ms', 'min', 'max', 'first ms', 'dispatches', 'peak MiB'],
      result.paper.map((row) => [
        row.step,
        ...[row.medianMs, row.minMs, row.maxMs, row.firstMs].map((x) =>
          x === undefined ? '-' : ms(x),
        ),
        String(row.dispatches),
        mib(row.peakBytes),
      ]),
    ),
    tableOf(
      [STUDENT_STEP, 'on', 'threads', 'median ms', 'min', 'max', 'first ms', 'vs studio'],
      result.torch.map((row) => [
        `PyTorch ${row.torch} ${row.mode}`,
        row.device,
        String(row.threads),
        ...[row.medianMs, row.minMs, row.maxMs, row.firstMs].map(ms),
        times(row.medianMs, ours),
      ]),
    ),
    tableOf(
      ['live decoder', 'on the', 'p50 ms', 'p95', 'p99', 'dispatches', 'frames'],
      result.live.map((row) => [
        row.preset,
        row.path,
        ...[row.p50Ms, row.p95Ms, row.p99Ms].map(ms),
        String(row.dispatches),
        String(row.frames),
      ]),
    ),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}
