// Small recordings of every format made in memory, for tests: each a function of what the test wants to be odd.
import { zlibSync } from 'fflate';
import type { FileSource } from './fileFormat';

export function inMemory(name: string, bytes: Uint8Array): FileSource {
  return { name, byteLength: bytes.length, slice: async (start, end) => bytes.slice(start, end) };
}

/** Bytes written one after the other, little-endian. */
export class Writer {
  #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  text(value: string, length = value.length): this {
    for (let i = 0; i < length; i++)
      this.#bytes.push(i < value.length ? value.charCodeAt(i) & 255 : 0);
    return this;
  }

  padded(value: string | number, length: number): this {
    return this.text(String(value).padEnd(length));
  }

  u8(value: number): this {
    this.#bytes.push(value & 255);
    return this;
  }

  u16(value: number): this {
    return this.u8(value).u8(value >> 8);
  }

  u24(value: number): this {
    return this.u16(value).u8(value >> 16);
  }

  u32(value: number): this {
    return this.u16(value).u16(value >>> 16);
  }

  u64(value: number): this {
    return this.u32(value % 2 ** 32).u32(Math.floor(value / 2 ** 32));
  }

  f64(value: number): this {
    return this.bytes(new Uint8Array(Float64Array.of(value).buffer));
  }

  f32(value: number): this {
    return this.bytes(new Uint8Array(Float32Array.of(value).buffer));
  }

  bytes(values: Iterable<number>): this {
    for (const value of values) this.#bytes.push(value);
    return this;
  }

  zeros(count: number): this {
    for (let i = 0; i < count; i++) this.#bytes.push(0);
    return this;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** Digital value of a channel at a sample, in every made file. */
export function madeValue(sample: number, channel: number): number {
  return ((sample * 37 + channel * 1009) % 2001) - 1000;
}

export interface MadePacket {
  ticks: number;
  count: number;
  /** What the packet's header says, if not its count. */
  statedCount?: number;
}

/** Channels are `elec1`, ... in uV with 0.25 uV per bit. */
export function madeBlackrock(options: {
  magic?: 'NEURALCD' | 'BRSMPGRP';
  version?: [number, number];
  channelCount?: number;
  ticksPerS?: number;
  packets: readonly MadePacket[];
}): Uint8Array {
  const { magic = 'NEURALCD', version = [2, 3], channelCount = 3, ticksPerS = 30000 } = options;
  const writer = new Writer().text(magic).u8(version[0]).u8(version[1]);
  writer
    .u32(314 + 66 * channelCount)
    .text('1 kS/s', 16)
    .zeros(256)
    .u32(30)
    .u32(ticksPerS);
  writer.zeros(16).u32(channelCount);
  for (let c = 0; c < channelCount; c++) {
    writer
      .text('CC')
      .u16(c + 1)
      .text(`elec${c + 1}`, 16)
      .u16(0);
    writer.u16(-8000).u16(8000).u16(-2000).u16(2000).text('uV', 16).zeros(20);
  }
  let sample = 0;
  for (const { ticks, count, statedCount = count } of options.packets) {
    writer.u8(1);
    if (magic === 'BRSMPGRP') writer.u64(ticks);
    else writer.u32(ticks);
    writer.u32(statedCount);
    for (let i = 0; i < count; i++, sample++) {
      for (let c = 0; c < channelCount; c++) writer.u16(madeValue(sample, c));
    }
  }
  return writer.finish();
}

/** Records with their times in microseconds. */
export function madeNeuralynx(
  records: readonly { timeUs: number; count: number }[],
  header = '-SamplingFrequency 1000\r\n-ADBitVolts 0.0000001\r\n-InputInverted False\r\n-AcqEntName CSC1\r\n',
): Uint8Array {
  const writer = new Writer().text(`######## Neuralynx Data File Header\r\n${header}`, 16384);
  let sample = 0;
  for (const { timeUs, count } of records) {
    writer.u64(timeUs).u32(0).u32(1000).u32(count);
    for (let i = 0; i < 512; i++) writer.u16(i < count ? madeValue(sample + i, 0) : 0);
    sample += count;
  }
  return writer.finish();
}

/** Two EEG channels and a force of half their rate; records of 1 s at 200 Hz; scale 0.1 uV per bit. */
export function madeEdf(options: {
  isBdf?: boolean;
  /** Times of records of an EDF+D; absent: plain EDF. */
  startsS?: readonly number[];
  recordCount?: number;
  statedCount?: number;
}): Uint8Array {
  const { isBdf = false, startsS, recordCount = startsS?.length ?? 5 } = options;
  const bits = isBdf ? 'BDF' : 'EDF';
  const signals = [
    { name: 'EEG Fp1', unit: 'uV', samples: 200 },
    { name: 'C3', unit: 'mV', samples: 200 },
    { name: 'Force', unit: 'N', samples: 100 },
    ...(startsS ? [{ name: `${bits} Annotations`, unit: '', samples: 20 }] : []),
  ];
  const writer = new Writer();
  if (isBdf) writer.u8(255).text('BIOSEMI');
  else writer.padded('0', 8);
  writer.padded('S01 X X X', 80).padded('made', 80).text('01.01.2001.01.01');
  writer.padded(256 * (signals.length + 1), 8).padded(startsS ? `${bits}+D` : '', 44);
  writer
    .padded(options.statedCount ?? recordCount, 8)
    .padded(1, 8)
    .padded(signals.length, 4);
  for (const { name } of signals) writer.padded(name, 16);
  for (const _ of signals) writer.padded('', 80);
  for (const { unit } of signals) writer.padded(unit, 8);
  for (const value of [-100, 100, -1000, 1000]) for (const _ of signals) writer.padded(value, 8);
  for (const _ of signals) writer.padded('', 80);
  for (const { samples } of signals) writer.padded(samples, 8);
  for (const _ of signals) writer.padded('', 32);
  for (let r = 0; r < recordCount; r++) {
    signals.forEach(({ name, samples }, s) => {
      if (name.endsWith('Annotations')) {
        writer.text(`+${startsS?.[r]}\u0014\u0014`, samples * (isBdf ? 3 : 2));
        return;
      }
      for (let i = 0; i < samples; i++) {
        const value = madeValue(r * samples + i, s);
        if (isBdf) writer.u24(value);
        else writer.u16(value);
      }
    });
  }
  return writer.finish();
}

export function madeBrainVision(options: {
  isVectorized?: boolean;
  isFloat?: boolean;
  sampleCount?: number;
  markers?: string;
}): { header: Uint8Array; data: Uint8Array; markers: Uint8Array } {
  const { isVectorized = false, isFloat = false, sampleCount = 600 } = options;
  const header = new TextEncoder().encode(
    [
      'Brain Vision Data Exchange Header File Version 1.0',
      '[Common Infos]\nCodepage=UTF-8\nDataFile=made.eeg\nMarkerFile=made.vmrk\nDataFormat=BINARY',
      `DataOrientation=${isVectorized ? 'VECTORIZED' : 'MULTIPLEXED'}\nNumberOfChannels=3\nSamplingInterval=2000`,
      `[Binary Infos]\nBinaryFormat=${isFloat ? 'IEEE_FLOAT_32' : 'INT_16'}`,
      '[Channel Infos]\nCh1=C3,,0.5,µV\nCh2=C4,,0.5,nV\nCh3=grip force,,2,N',
    ].join('\n'),
  );
  const writer = new Writer();
  const put = (value: number) => (isFloat ? writer.f32(value) : writer.u16(value));
  if (isVectorized) {
    for (let c = 0; c < 3; c++) for (let i = 0; i < sampleCount; i++) put(madeValue(i, c));
  } else {
    for (let i = 0; i < sampleCount; i++) for (let c = 0; c < 3; c++) put(madeValue(i, c));
  }
  const markers = `Brain Vision Data Exchange Marker File\n[Marker Infos]\n${options.markers ?? ''}`;
  return { header, data: writer.finish(), markers: new TextEncoder().encode(markers) };
}

export type MadeMat =
  | { class: number; type: number; dims: number[]; bytes: Uint8Array; flags?: number }
  | { text: string }
  | { cells: MadeMat[]; dims?: number[] }
  | { fields: string[]; values: MadeMat[]; dims?: number[] };

export function matDoubles(
  values: readonly number[],
  dims: number[] = [values.length, 1],
): MadeMat {
  return { class: 6, type: 9, dims, bytes: new Uint8Array(Float64Array.from(values).buffer) };
}

/** One field per entry of a single structure. */
export function matStruct(fields: Record<string, MadeMat>): MadeMat {
  return { fields: Object.keys(fields), values: Object.values(fields) };
}

export function madeMat5(variables: Record<string, MadeMat>, isCompressed = true): Uint8Array {
  const writer = new Writer()
    .padded('MATLAB 5.0 MAT-file, made for tests', 116)
    .zeros(8)
    .u16(0x0100)
    .u16(0x4d49);
  for (const [name, value] of Object.entries(variables)) {
    const matrix = matElement(name, value);
    if (!isCompressed) {
      writer.bytes(matrix);
      continue;
    }
    const packed = zlibSync(matrix);
    writer.u32(15).u32(packed.length).bytes(packed);
  }
  return writer.finish();
}

function matElement(name: string, value: MadeMat): Uint8Array {
  const body = new Writer();
  const head = (classCode: number, dims: readonly number[], flags = 0) => {
    element(
      body,
      6,
      new Writer()
        .u32(classCode | (flags << 8))
        .u32(0)
        .finish(),
    );
    element(body, 5, dims.reduce((writer, size) => writer.u32(size), new Writer()).finish());
    element(body, 1, new Writer().text(name).finish());
  };
  if ('text' in value) {
    head(4, [1, value.text.length]);
    element(body, 16, new TextEncoder().encode(value.text));
  } else if ('cells' in value) {
    head(1, value.dims ?? [1, value.cells.length]);
    for (const cell of value.cells) body.bytes(matElement('', cell));
  } else if ('fields' in value) {
    head(2, value.dims ?? [1, 1]);
    element(body, 5, new Writer().u32(32).finish());
    element(
      body,
      1,
      value.fields.reduce((writer, field) => writer.text(field, 32), new Writer()).finish(),
    );
    for (const one of value.values) body.bytes(matElement('', one));
  } else {
    head(value.class, value.dims, value.flags);
    element(body, value.type, value.bytes);
  }
  const contents = body.finish();
  return new Writer().u32(14).u32(contents.length).bytes(contents).finish();
}

function element(writer: Writer, type: number, bytes: Uint8Array) {
  if (bytes.length > 0 && bytes.length <= 4) {
    writer
      .u32(type | (bytes.length << 16))
      .bytes(bytes)
      .zeros(4 - bytes.length);
    return;
  }
  writer
    .u32(type)
    .u32(bytes.length)
    .bytes(bytes)
    .zeros((8 - (bytes.length % 8)) % 8);
}
