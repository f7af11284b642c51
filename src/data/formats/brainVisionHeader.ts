/** BrainVision header (.vhdr) and marker (.vmrk) files: sections of `key=value` lines. */

export interface BrainVisionHeader {
  readonly dataFile: string;
  readonly markerFile?: string;
  readonly rateHz: number;
  readonly isInterleaved: boolean;
  readonly itemType: 'i16' | 'f32';
  readonly channels: { readonly name: string; readonly unit: string; readonly gain: number }[];
}

const MAX_CHANNELS = 10000;

/** @throws naming the entry that is missing or not supported */
export function parseBrainVisionHeader(text: string, fileName: string): BrainVisionHeader {
  const sections = parseSections(text);
  const common = sections.get('common infos') ?? new Map<string, string>();
  const format = sections.get('binary infos')?.get('binaryformat');
  const channelCount = Number(common.get('numberofchannels'));
  const periodUs = Number(common.get('samplinginterval'));
  const dataFile = common.get('datafile');
  const refuse = (expected: string, got: string | undefined, todo: string): never => {
    throw new Error(
      `[brainvision] expected ${expected} in "${fileName}", got ${got ?? 'none'}: ${todo}`,
    );
  };
  if (!dataFile)
    return refuse('the name of a data file (DataFile=)', dataFile, 'export the header again');
  if (common.get('dataformat')?.toUpperCase() === 'ASCII') {
    return refuse('binary data', 'ASCII', 'export it as binary BrainVision');
  }
  if (format !== 'INT_16' && format !== 'IEEE_FLOAT_32') {
    return refuse('BinaryFormat INT_16 or IEEE_FLOAT_32', format, 'export it in one of these');
  }
  if (
    !Number.isInteger(channelCount) ||
    channelCount < 1 ||
    channelCount > MAX_CHANNELS ||
    !(periodUs > 0)
  ) {
    const got = `${common.get('numberofchannels')} and ${common.get('samplinginterval')}`;
    return refuse(
      `1 to ${MAX_CHANNELS} channels and a sampling interval`,
      got,
      'export the header again',
    );
  }
  return {
    dataFile,
    markerFile: common.get('markerfile'),
    rateHz: 1e6 / periodUs,
    isInterleaved: common.get('dataorientation')?.toUpperCase() !== 'VECTORIZED',
    itemType: format === 'INT_16' ? 'i16' : 'f32',
    channels: Array.from({ length: channelCount }, (_, c) => {
      const entry =
        sections
          .get('channel infos')
          ?.get(`ch${c + 1}`)
          ?.split(',') ?? [];
      const gain = Number(entry[2] || 1);
      return {
        name: (entry[0] ?? '').replace(/\\1/g, ',') || `ch ${c + 1}`,
        unit: entry[3]?.trim() || 'uV',
        gain: Number.isFinite(gain) && gain !== 0 ? gain : 1,
      };
    }),
  };
}

/** Samples (counted from 0) at which a new segment begins after a pause; the first segment is not among them. */
export function segmentStarts(markerText: string): number[] {
  const markers = parseSections(markerText).get('marker infos') ?? new Map<string, string>();
  const starts: number[] = [];
  for (const value of markers.values()) {
    const [type, , position] = value.split(',');
    const sample = Number(position) - 1;
    if (type === 'New Segment' && sample > 0) starts.push(sample);
  }
  return starts.sort((a, b) => a - b);
}

function parseSections(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let current = new Map<string, string>();
  for (const line of text.split(/\r\n|\n|\r/)) {
    const title = /^\[(.+)\]\s*$/.exec(line)?.[1];
    if (title) {
      current = new Map();
      sections.set(title.toLowerCase(), current);
      continue;
    }
    const entry = line.startsWith(';') ? null : /^([^=]+)=(.*)$/.exec(line);
    if (entry) current.set(entry[1].trim().toLowerCase(), entry[2].trim());
  }
  return sections;
}
