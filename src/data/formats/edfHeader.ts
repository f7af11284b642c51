/** Header of EDF, EDF+, BDF and BDF+ files, as their specifications lay it out in columns of text. */
import { type FileSource, latin1Field, readExact } from './fileFormat';
import { type RecordingStart, startOfFields } from './recordingStart';

export interface EdfSignal {
  readonly name: string;
  readonly unit: string;
  readonly gain: number;
  readonly offset: number;
  readonly samplesPerRecord: number;
  /** Byte within a record. */
  readonly byteOffset: number;
  readonly isAnnotation: boolean;
}

export interface EdfHeader {
  readonly subject: string;
  readonly recordingStart?: RecordingStart;
  readonly signals: EdfSignal[];
  readonly itemBytes: 2 | 3;
  readonly dataStart: number;
  readonly recordBytes: number;
  readonly recordS: number;
  readonly recordCount: number;
  /** EDF+D: each record states its own time. */
  readonly isDiscontinuous: boolean;
  readonly warnings: string[];
}

const FIXED_BYTES = 256;
const SIGNAL_BYTES = 256;
const MAX_SIGNALS = 4096;
/** Bytes of each field in the order of the specification; every field lists all signals in turn. */
const FIELD_BYTES = {
  name: 16,
  transducer: 80,
  unit: 8,
  min: 8,
  max: 8,
  digitalMin: 8,
  digitalMax: 8,
  filter: 80,
  samples: 8,
};

export async function readEdfHeader(source: FileSource): Promise<EdfHeader> {
  const fixed = await readExact(source, 0, FIXED_BYTES, 'an EDF header');
  const itemBytes = fixed.getUint8(0) === 0xff ? 3 : 2;
  const reserved = latin1Field(fixed, 192, 44);
  const recordS = Number(latin1Field(fixed, 244, 8));
  const signalCount = Number(latin1Field(fixed, 252, 4));
  const statedCount = Number(latin1Field(fixed, 236, 8));
  const isSane = Number.isInteger(signalCount) && signalCount > 0 && signalCount <= MAX_SIGNALS;
  if (!isSane || !(recordS >= 0) || !Number.isInteger(statedCount)) {
    throw new Error(
      `[edf] expected 1 to ${MAX_SIGNALS} signals, a record length and a record count, got ${signalCount}, ` +
        `${recordS} s and ${statedCount} in "${source.name}": the file is damaged, copy it again`,
    );
  }
  const dataStart = FIXED_BYTES + SIGNAL_BYTES * signalCount;
  const view = await readExact(source, FIXED_BYTES, dataStart, 'signal headers');
  const { signals, recordBytes } = readSignals(view, signalCount, itemBytes, source.name);
  const held = Math.floor((source.byteLength - dataStart) / recordBytes);
  const recordCount = statedCount < 0 ? held : Math.min(held, statedCount);
  return {
    subject: latin1Field(fixed, 8, 80).split(' ')[0].replace(/^X$/, ''),
    recordingStart: startOf(fixed),
    signals,
    itemBytes,
    dataStart,
    recordBytes,
    recordS,
    recordCount,
    isDiscontinuous: /^[EB]DF\+D/.test(reserved),
    warnings:
      statedCount > held
        ? [`The header states ${statedCount} records and the file holds ${held}: it was cut short.`]
        : [],
  };
}

/** Local time in whole seconds, years of two digits from 1985; EDF+ writes X for a date that was taken out. */
function startOf(fixed: DataView): RecordingStart | undefined {
  const text = `${latin1Field(fixed, 168, 8)} ${latin1Field(fixed, 176, 8)}`;
  const fields = /^(\d\d)\.(\d\d)\.(\d\d) (\d\d)\.(\d\d)\.(\d\d)$/.exec(text)?.slice(1).map(Number);
  if (!fields || /^Startdate X/.test(latin1Field(fixed, 88, 80))) return undefined;
  const [day, month, year, ...time] = fields;
  const date = [year + (year < 85 ? 2000 : 1900), month, day];
  return startOfFields([...date, ...time], { isZoneStated: false, resolutionS: 1 });
}

function readSignals(view: DataView, count: number, itemBytes: 2 | 3, fileName: string) {
  const starts: Record<string, number> = {};
  let start = 0;
  for (const [field, bytes] of Object.entries(FIELD_BYTES)) {
    starts[field] = start;
    start += bytes * count;
  }
  const text = (field: keyof typeof FIELD_BYTES, s: number) =>
    latin1Field(view, starts[field] + s * FIELD_BYTES[field], FIELD_BYTES[field]);
  let recordBytes = 0;
  const signals: EdfSignal[] = [];
  for (let s = 0; s < count; s++) {
    const name = text('name', s);
    const [min, max, digitalMin, digitalMax, samplesPerRecord] = (
      ['min', 'max', 'digitalMin', 'digitalMax', 'samples'] as const
    ).map((field) => Number(text(field, s)));
    const isAnnotation = /^[EB]DF Annotations$/.test(name);
    const isSized = Number.isInteger(samplesPerRecord) && samplesPerRecord > 0;
    const isScaled = digitalMax > digitalMin && Number.isFinite(max - min);
    if (!isSized || samplesPerRecord > 1e7 || !(isScaled || isAnnotation)) {
      throw new Error(
        `[edf] expected samples per record and a digital range for signal "${name}" in "${fileName}", got ` +
          `${samplesPerRecord} and ${digitalMin} to ${digitalMax}: the file is damaged, export it again`,
      );
    }
    const gain = isScaled ? (max - min) / (digitalMax - digitalMin) : 1;
    signals.push({
      name: name.replace(/^EEG /, '') || `ch ${s + 1}`,
      unit: text('unit', s),
      gain,
      offset: isScaled ? min - gain * digitalMin : 0,
      samplesPerRecord,
      byteOffset: recordBytes,
      isAnnotation,
    });
    recordBytes += samplesPerRecord * itemBytes;
  }
  return { signals, recordBytes };
}
