// `inspect`: what is in recordings, without reading their data.

import type { OpenFile, SeriesInfo } from '../data/formats/fileFormat';
import { openFiles } from '../data/readers';
import type { Command } from './command';
import { fileSource } from './nodeFiles';
import { type OptionTable, parseOptions } from './options';

const OPTIONS: OptionTable = {
  file: {
    kind: 'list',
    value: 'FILE',
    help: 'recordings; files of one recording are opened together',
    required: true,
    isPositional: true,
  },
  json: { kind: 'flag', help: 'one object per recording, in an array if there are several' },
};

/** The JSON of one series; `gaps` are samples `[start, end)` that were never recorded. */
interface InspectedSeries {
  path: string;
  kind: SeriesInfo['kind'];
  /** `[sample, column]` */
  shape: readonly number[];
  rateHz: number | null;
  unit: string;
  channels: readonly string[];
  gaps: (readonly [start: number, end: number])[];
  chunk: readonly number[] | null;
  compression: string | null;
}

interface Inspected {
  format: string;
  series: InspectedSeries[];
  warnings: readonly string[];
}

export const inspect: Command = {
  name: 'inspect',
  summary: 'List the series of recordings: rate, unit, channels, gaps and storage.',
  options: OPTIONS,
  notes:
    'Gaps are pauses that the clock shows; missing values within the data are found on import.',
  async run(args, terminal) {
    const options = parseOptions(OPTIONS, args);
    const sources = [];
    for (const path of options.list('file')) sources.push(await fileSource(path));
    const files = await openFiles(sources);
    try {
      const inspected: Inspected[] = [];
      for (const file of files) inspected.push(await inspectFile(file));
      if (options.flag('json')) {
        terminal.print(JSON.stringify(inspected.length === 1 ? inspected[0] : inspected, null, 2));
      } else {
        files.forEach((file, i) => {
          terminal.print(describe(file.fileName, inspected[i]));
        });
      }
    } finally {
      for (const file of files) file.close();
    }
    return 0;
  },
};

async function inspectFile(file: OpenFile): Promise<Inspected> {
  const warnings = [...file.warnings];
  const series: InspectedSeries[] = [];
  for (const info of file.series) {
    const clock = await file.readClock(info.path).catch((error: Error) => {
      warnings.push(error.message);
      return undefined;
    });
    const rateHz = clock?.rateHz ?? info.rateHz;
    const gaps = clock?.gaps ?? info.gaps ?? [];
    series.push({
      path: info.path,
      kind: info.kind,
      shape: clock ? [clock.sampleCount, info.columns.length] : info.shape,
      rateHz: rateHz !== undefined && Number.isFinite(rateHz) ? rateHz : null,
      unit: info.unit,
      channels: info.columns,
      gaps: gaps.map(({ startSample, endSample }) => [startSample, endSample]),
      chunk: info.chunk ?? null,
      compression: info.compression ?? null,
    });
  }
  return { format: file.format, series, warnings };
}

function describe(fileName: string, { format, series, warnings }: Inspected): string {
  const lines = [`${fileName} (${format})`];
  for (const { path, kind, shape, rateHz, unit, channels, gaps, chunk, compression } of series) {
    const [samples, columns] = shape;
    const length = rateHz === null ? '' : `, ${(samples / rateHz).toFixed(1)} s`;
    const stored = [
      chunk ? `chunks ${chunk.join(' x ')}` : '',
      compression ?? '',
      gaps.length > 0 ? `${gaps.length} gaps` : '',
    ].filter(Boolean);
    lines.push(
      `  ${path}: ${kind}, ${samples} x ${columns}${length}, ` +
        `${rateHz === null ? 'no rate' : `${Number(rateHz.toFixed(4))} Hz`}${unit && `, ${unit}`}`,
      `    ${channels.slice(0, 8).join(', ')}${channels.length > 8 ? ', …' : ''}${stored.length > 0 ? `; ${stored.join(', ')}` : ''}`,
    );
  }
  for (const warning of warnings) lines.push(`  Note: ${warning}`);
  return lines.join('\n');
}
