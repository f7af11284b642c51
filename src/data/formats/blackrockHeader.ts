/** Headers of Blackrock .ns1 to .ns6 files: NEURALSG (2.1), NEURALCD (2.2, 2.3), BRSMPGRP (3.0). */
import { type FileSource, latin1Field, readExact } from './fileFormat';
import { type RecordingStart, startOfFields } from './recordingStart';

export interface BlackrockChannel {
  readonly name: string;
  readonly unit: string;
  /** Physical value is `stored * gain + offset`. */
  readonly gain: number;
  readonly offset: number;
}

export interface BlackrockHeader {
  readonly version: string;
  readonly rateHz: number;
  readonly channels: BlackrockChannel[];
  /** Time stamps per second. */
  readonly ticksPerS: number;
  readonly dataStart: number;
  readonly recordingStart?: RecordingStart;
  /** Bytes before the samples of a packet; 0: no packets, the samples follow the header. */
  readonly packetHeaderBytes: 0 | 9 | 13;
}

const BASE_RATE_HZ = 30000;
const MAX_CHANNELS = 10000;
const BASIC_BYTES = 314;
const EXTENDED_BYTES = 66;
/** Front-end amplifiers digitise in quarters of a microvolt; files of version 2.1 do not say so. */
const OLD_UV_PER_BIT = 0.25;

export async function readBlackrockHeader(source: FileSource): Promise<BlackrockHeader> {
  const start = await readExact(source, 0, 32, 'a Blackrock header');
  const magic = latin1Field(start, 0, 8);
  return magic === 'NEURALSG' ? readOld(source, start) : readNew(source, magic);
}

async function readOld(source: FileSource, start: DataView): Promise<BlackrockHeader> {
  const period = start.getUint32(24, true);
  const count = start.getUint32(28, true);
  check(source, period, count);
  const ids = await readExact(source, 32, 32 + 4 * count, 'channel numbers');
  return {
    version: '2.1',
    rateHz: BASE_RATE_HZ / period,
    channels: Array.from({ length: count }, (_, c) => ({
      name: `ch ${ids.getUint32(4 * c, true)}`,
      unit: 'uV',
      gain: OLD_UV_PER_BIT,
      offset: 0,
    })),
    ticksPerS: BASE_RATE_HZ,
    dataStart: 32 + 4 * count,
    packetHeaderBytes: 0,
  };
}

async function readNew(source: FileSource, magic: string): Promise<BlackrockHeader> {
  const basic = await readExact(source, 0, BASIC_BYTES, 'a Blackrock header');
  const version = `${basic.getUint8(8)}.${basic.getUint8(9)}`;
  const dataStart = basic.getUint32(10, true);
  const period = basic.getUint32(286, true);
  const ticksPerS = basic.getUint32(290, true);
  const count = basic.getUint32(310, true);
  check(source, period, count);
  const extendedEnd = BASIC_BYTES + EXTENDED_BYTES * count;
  if (dataStart < extendedEnd || !(ticksPerS > 0)) {
    throw new Error(
      `[blackrock] expected ${count} channel headers before byte ${dataStart} and a clock rate, got a header of ` +
        `${extendedEnd} bytes and ${ticksPerS} ticks per second in "${source.name}": the file is damaged, copy it again`,
    );
  }
  const extended = await readExact(source, BASIC_BYTES, extendedEnd, 'channel headers');
  return {
    version,
    rateHz: BASE_RATE_HZ / period,
    channels: Array.from({ length: count }, (_, c) =>
      readChannel(extended, c * EXTENDED_BYTES, source),
    ),
    ticksPerS,
    dataStart,
    recordingStart: startOf(basic),
    packetHeaderBytes: magic === 'BRSMPGRP' || basic.getUint8(8) >= 3 ? 13 : 9,
  };
}

/** The time of tick 0 in UTC, as Windows lays it out: the third field is the day of the week. */
function startOf(basic: DataView): RecordingStart | undefined {
  const [year, month, , day, ...time] = Array.from({ length: 8 }, (_, i) =>
    basic.getUint16(294 + 2 * i, true),
  );
  return startOfFields([year, month, day, ...time], { isZoneStated: true, resolutionS: 0.001 });
}

function readChannel(view: DataView, at: number, source: FileSource): BlackrockChannel {
  const id = view.getUint16(at + 2, true);
  const [digitalMin, digitalMax, analogMin, analogMax] = [22, 24, 26, 28].map((offset) =>
    view.getInt16(at + offset, true),
  );
  if (latin1Field(view, at, 2) !== 'CC' || digitalMax <= digitalMin) {
    throw new Error(
      `[blackrock] expected a channel header with a digital range at channel ${id} of "${source.name}", got ` +
        `${digitalMin} to ${digitalMax}: the file is damaged, copy it again`,
    );
  }
  const gain = (analogMax - analogMin) / (digitalMax - digitalMin);
  return {
    name: latin1Field(view, at + 4, 16) || `ch ${id}`,
    unit: latin1Field(view, at + 30, 16),
    gain,
    offset: analogMin - gain * digitalMin,
  };
}

function check(source: FileSource, period: number, count: number) {
  if (period > 0 && count > 0 && count <= MAX_CHANNELS) return;
  throw new Error(
    `[blackrock] expected a sampling period and 1 to ${MAX_CHANNELS} channels, got ${period} and ${count} in ` +
      `"${source.name}": the file is damaged, copy it again`,
  );
}
