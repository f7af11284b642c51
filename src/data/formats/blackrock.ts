/** Blackrock continuous recordings (.ns1 to .ns6), with pauses and clock resets as gaps. */
import { type BlackrockHeader, readBlackrockHeader } from './blackrockHeader';
import { columnGroups } from './columnGroups';
import { type FileSource, type OpenFile, readExact, stem } from './fileFormat';
import { gapsBetween, gridOfRuns, interleaved } from './fileRuns';
import { type Packet, placeRuns } from './placeRuns';
import { openRecording } from './recording';
import type { SeriesSource } from './sampleGrid';

/** More packets than this are single samples with precise times, or a damaged file. */
const MAX_PACKETS = 100_000;
/** Samples with their own time stamps are checked for pauses at every this-many-th one. */
const PRECISE_STRIDE = 4096;

/** @throws one sentence when the header is damaged or nothing was recorded */
export async function openBlackrock(source: FileSource): Promise<OpenFile> {
  const header = await readBlackrockHeader(source);
  const isPrecise = header.packetHeaderBytes === 13 && header.ticksPerS > 1e6;
  const found = isPrecise ? await precisePackets(source, header) : await packetsOf(source, header);
  if (found.packets.length === 0) {
    throw new Error(
      `[blackrock] expected recorded samples after the header of "${source.name}", got none: choose another file`,
    );
  }
  const placed = placeRuns(found.packets, header.rateHz, source.name);
  const { channels } = header;
  const bytesPerSample = 2 * channels.length + (isPrecise ? header.packetHeaderBytes : 0);
  const gaps = gapsBetween(placed.runs);
  const last = placed.runs[placed.runs.length - 1];
  const sampleCount = last.startSample + last.sampleCount;
  const sources: SeriesSource[] = columnGroups(channels).map((group) => {
    const columns = group.columns.map((c) => {
      const { gain, offset } = channels[c];
      const unitGain = group.gainOf(c);
      return { byteOffset: 2 * c, gain: gain * unitGain, offset: offset * unitGain };
    });
    const units = group.columns.map(() => group.unit);
    return {
      info: {
        path: group.path,
        name: group.path,
        kind: group.kind,
        shape: [sampleCount, columns.length],
        rateHz: placed.rateHz,
        unit: group.unit,
        columns: group.columns.map((c) => channels[c].name),
        startS: placed.startS,
        gaps,
      },
      open: async () =>
        gridOfRuns({
          source,
          ...placed,
          layout: interleaved(columns, bytesPerSample, 'i16'),
          units,
        }),
    };
  });
  const warnings = [...found.warnings, ...placed.warnings];
  if (header.version === '2.1') {
    warnings.push('Version 2.1 states no units: 0.25 uV per bit is assumed.');
  }
  return openRecording({
    format: 'blackrock',
    fileName: source.name,
    name: stem(source.name),
    // Nanoseconds count from an epoch of the network, and not from the time in the header.
    recordingStart: isPrecise ? undefined : header.recordingStart,
    sources,
    warnings,
  });
}

interface FoundPackets {
  packets: Packet[];
  warnings: string[];
}

async function packetsOf(source: FileSource, header: BlackrockHeader): Promise<FoundPackets> {
  const { dataStart, packetHeaderBytes, ticksPerS } = header;
  const bytesPerSample = 2 * header.channels.length;
  const held = (from: number) => Math.floor((source.byteLength - from) / bytesPerSample);
  if (packetHeaderBytes === 0) {
    const sampleCount = held(dataStart);
    const whole = { timeS: 0, sampleCount, byteOffset: dataStart };
    return { packets: sampleCount > 0 ? [whole] : [], warnings: [] };
  }
  const packets: Packet[] = [];
  const warnings: string[] = [];
  for (let at = dataStart; at + packetHeaderBytes <= source.byteLength; ) {
    const view = await readExact(source, at, at + packetHeaderBytes, 'a packet');
    const ticks =
      packetHeaderBytes === 13 ? Number(view.getBigUint64(1, true)) : view.getUint32(1, true);
    const stated = view.getUint32(packetHeaderBytes - 4, true);
    if (view.getUint8(0) !== 1 || packets.length >= MAX_PACKETS) {
      throw new Error(
        `[blackrock] expected a packet of samples at byte ${at} of "${source.name}", got other bytes: ` +
          'the file is damaged, copy it again',
      );
    }
    const byteOffset = at + packetHeaderBytes;
    // A recording that was broken off has a count of 0 or more samples than the file.
    const isBroken = stated === 0 || stated > held(byteOffset);
    const sampleCount = isBroken ? held(byteOffset) : stated;
    if (isBroken)
      warnings.push(`The last packet states ${stated} samples and holds ${sampleCount}.`);
    if (sampleCount > 0) packets.push({ timeS: ticks / ticksPerS, sampleCount, byteOffset });
    at = isBroken ? source.byteLength : byteOffset + sampleCount * bytesPerSample;
  }
  return { packets, warnings };
}

/** Every sample is a packet of its own; a stretch whose ends are as far apart as its samples has no pause. */
async function precisePackets(source: FileSource, header: BlackrockHeader): Promise<FoundPackets> {
  const { dataStart, packetHeaderBytes, ticksPerS, rateHz } = header;
  const stride = packetHeaderBytes + 2 * header.channels.length;
  const count = Math.floor((source.byteLength - dataStart) / stride);
  const byteOf = (sample: number) => dataStart + sample * stride;
  const timeAt = (view: DataView, at: number) => {
    if (view.getUint8(at) !== 1 || view.getUint32(at + 9, true) !== 1) {
      throw new Error(
        `[blackrock] expected one sample per packet in "${source.name}", got other bytes: ` +
          'the file is damaged, copy it again',
      );
    }
    return Number(view.getBigUint64(at + 1, true)) / ticksPerS;
  };
  const timeOf = async (sample: number) =>
    timeAt(await readExact(source, byteOf(sample), byteOf(sample) + 13, 'a packet'), 0);
  const packets: Packet[] = [];
  const add = (timeS: number, first: number, end: number) =>
    packets.push({
      timeS,
      sampleCount: end - first,
      // The layout's samples begin after the packet's own header.
      byteOffset: byteOf(first) + packetHeaderBytes,
    });
  let timeS = count > 0 ? await timeOf(0) : 0;
  for (let first = 0; first < count; first += PRECISE_STRIDE) {
    const end = Math.min(count, first + PRECISE_STRIDE);
    const nextS = end < count ? await timeOf(end) : (await timeOf(end - 1)) + 1 / rateHz;
    if (Math.abs((nextS - timeS) * rateHz - (end - first)) < 0.5) {
      add(timeS, first, end);
    } else {
      const view = await readExact(source, byteOf(first), byteOf(end), 'samples');
      for (let i = first; i < end; i++) add(timeAt(view, (i - first) * stride), i, i + 1);
    }
    timeS = nextS;
  }
  return { packets, warnings: [] };
}
