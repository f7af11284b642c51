/** From an open file to a compact session at frame rate, block by block: the broadband never has to fit in memory. */
import { assembleSession } from './assembleSession';
import { createChannelInspection } from './channelInspection';
import { extractFeatures, type Features, type FrontEndOptions } from './features';
import type { Decimator } from './formats/decimator';
import type { OpenFile } from './formats/fileFormat';
import {
  decimatorFor,
  type ReducedBlock,
  reducedBlocks,
  reducedClock,
} from './formats/reducedBlocks';
import { readWhole, reducedNote, type SampleGrid, type SeriesSource } from './formats/sampleGrid';
import { createFrameMaker } from './frameMaker';
import { bandNames, frameSignal } from './frameSignal';
import { createReference } from './frontEnd/reference';
import { frameValidity, mergedGaps, powerOnset, SETTLE_S } from './gaps';
import {
  applyMapping,
  locatedMapping,
  type Mapping,
  type SeriesMapping,
  transformed,
} from './mapping';
import { unalignedWarnings } from './mappingClocks';
import { createMissingRuns } from './missingRuns';
import type { AppliedFrontEnd } from './provenance';
import type { Session, Signal } from './session';

export interface ExtractProgress {
  /** 0 to 1. */
  readonly fraction: number;
  /** Seconds of recording per second of work. */
  readonly timesRealTime: number;
  readonly remainingS: number;
}

export interface ExtractOptions {
  readonly frontEnd: FrontEndOptions;
  /** Stops between two blocks with the signal's reason; nothing was written by then. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ExtractProgress) => void;
  /** Values read at once; any number gives the same frames, of `realtime` to the bit. */
  readonly blockValues?: number;
}

export interface Extracted {
  /** Frames: `alreadyFrames` is true, and gaps cover the frames that settle. */
  readonly session: Session;
  readonly frontEnd: AppliedFrontEnd;
  readonly sourceRateHz: number;
}

/**
 * The same frames as {@link applyMapping} followed by {@link extractFeatures}. `realtime` needs memory for
 * one block and the frames; `offline-paper` filters backwards in time and so needs a minute and a half of
 * samples besides, of broadband at the reduced rate.
 * @throws one sentence when a series is missing, has no rate, or is shorter than a second
 */
export async function extractSession(
  file: OpenFile,
  mapping: Mapping,
  options: ExtractOptions,
): Promise<Extracted> {
  const { lfp } = locatedMapping(file, mapping);
  const source = sourceAt(file, lfp.path);
  const isHeld = file.format === 'arrow' || source.bands !== undefined;
  const { kind, frameRateHz = 100 } = options.frontEnd;
  if (isHeld || kind === 'none') return extractWhole(file, mapping, options);
  const grid = await openSeries(file, source, lfp);
  if (reducedClock(grid).rateHz < frameRateHz) return extractWhole(file, mapping, options);
  return extractStreamed(file, locatedMapping(file, mapping), source, grid, kind, options);
}

async function extractWhole(
  file: OpenFile,
  mapping: Mapping,
  { frontEnd, signal }: ExtractOptions,
): Promise<Extracted> {
  const whole = await applyMapping(file, mapping);
  signal?.throwIfAborted();
  const features = extractFeatures(whole, { ...frontEnd, behaviourAsVelocity: false });
  const applied = appliedOf(frontEnd, features.frontEnd, features);
  const sourceRateHz = whole.lfp.rateHz;
  if (whole.alreadyFrames) return { session: whole, frontEnd: applied, sourceRateHz };
  const { reference, frameRateHz, powerBandsHz } = applied;
  const referencing = createReference(reference, features.channelCount, whole.channelMask);
  const session = assembleSession({
    ...whole,
    lfp: frameSignal(
      whole.lfp,
      features.lfp,
      frameRateHz,
      features.frameValid,
      referencing,
      powerBandsHz,
    ),
    bands: bandNames(powerBandsHz),
    channelMask: referencing.mask,
    behaviour: whole.behaviour ? [whole.behaviour] : [],
    alreadyFrames: true,
    warnings: whole.warnings.filter((warning) => !ABOUT_BEHAVIOUR.test(warning)),
  });
  return { session: saidOnce(session), frontEnd: applied, sourceRateHz };
}

/** Assembling says these again. */
const ABOUT_BEHAVIOUR = /^(Behaviour |No behaviour)/;

/** The gaps of the samples stand for those of the frames. */
function saidOnce(session: Session): Session {
  const gapWarnings = session.warnings.filter((warning) => warning.startsWith('LFP has gaps'));
  const repeated = gapWarnings.slice(1);
  return { ...session, warnings: session.warnings.filter((one) => !repeated.includes(one)) };
}

async function extractStreamed(
  file: OpenFile,
  mapping: Mapping,
  source: SeriesSource,
  grid: SampleGrid,
  kind: 'realtime' | 'offline-paper',
  options: ExtractOptions,
): Promise<Extracted> {
  const { reference = 'average', frameRateHz = 100, powerBandsHz = [] } = options.frontEnd;
  const clock = reducedClock(grid);
  const { columns } = source.info;
  const shape: Signal = {
    rateHz: clock.rateHz,
    startS: grid.startS + (mapping.lfp.offsetS ?? 0),
    sampleCount: 0,
    names: columns,
    units: grid.units,
    data: new Float32Array(0),
  };
  const mapped = (data: Float32Array) =>
    transformed(
      { ...shape, data, sampleCount: data.length / columns.length },
      0,
      columns.length,
      1,
      mapping.lfp,
    );
  const { signal: lfp, kept } = mapped(shape.data);
  const width = kept.length;
  const given = source.columnMask && Float32Array.from(kept, (c) => source.columnMask?.[c] ?? 1);
  // Which channels never change is known only at the end, and references leave them out. That of the LFP alone
  // can come last; powers need it first, and so a look ahead.
  const hasPowers = powerBandsHz.length > 0;
  const filters = {
    inputRateHz: clock.rateHz,
    frameRateHz,
    channelCount: width,
    notchHz: options.frontEnd.notchHz ?? 60,
    reference: hasPowers ? reference : ('none' as const),
    powerBandsHz,
    ...(hasPowers && {
      channelMask: await changingChannels(grid, columns.length, mapped, given, options),
    }),
  };
  const frontEnd = createFrameMaker(kind, filters, clock.sampleCount);
  const inspection = createChannelInspection(lfp.names, 1);
  const missing = createMissingRuns(width);
  const decimator = await decimatorFor(grid, columns.length);
  try {
    for await (const block of timedBlocks(grid, columns.length, decimator, options)) {
      const { data } = mapped(block.data).signal;
      inspection.add(data);
      missing.add(data);
      frontEnd.push(data);
    }
  } finally {
    decimator?.close();
  }
  const { mask, warnings } = inspection.finish(given, clock.rateHz);
  const frames = frontEnd.finish();
  const referencing = createReference(reference, width, mask);
  if (!hasPowers) referencing.apply(frames);
  const rawGaps = mergedGaps([
    ...clock.gaps,
    ...missing.gaps((c) => mask[c] === 1),
    ...(hasPowers ? [powerOnset(clock.rateHz, frameRateHz)] : []),
  ]);
  const frameCount = frames.length / (width * frontEnd.bandCount);
  const valid = frameValidity(rawGaps, clock.rateHz, frameRateHz, frameCount, {
    settleS: SETTLE_S,
    looksAhead: kind === 'offline-paper',
  });
  const behaviour: Signal[] = [];
  for (const one of mapping.behaviour) behaviour.push(await readBehaviour(file, one));
  const { delayMs = 0 } = clock;
  const groupDelayMs = frontEnd.groupDelayMs + delayMs;
  const bandDelaysMs = frontEnd.bandDelaysMs.map((delay) => delay + delayMs);
  const session = assembleSession({
    name: file.name,
    subject: file.subject,
    lfp: frameSignal(lfp, frames, frameRateHz, valid, referencing, powerBandsHz),
    bands: bandNames(powerBandsHz),
    behaviour,
    alreadyFrames: true,
    channelMask: referencing.mask,
    warnings: [
      ...file.sessionWarnings,
      ...unalignedWarnings(file, mapping),
      ...(clock.factor > 1
        ? [reducedNote(source.info.name, grid.rateHz, clock.rateHz, decimator?.adapter)]
        : []),
      ...warnings,
    ],
  });
  return {
    session: saidOnce(session),
    frontEnd: {
      ...appliedOf(options.frontEnd, kind, { frameRateHz, groupDelayMs, bandDelaysMs }),
      ...(decimator?.adapter && { reducedOn: decimator.adapter }),
    },
    sourceRateHz: grid.rateHz,
  };
}

/** `[channel]`, 1 used: read until every channel that is not rejected has changed, which few recordings delay. */
async function changingChannels(
  grid: SampleGrid,
  width: number,
  mapped: (data: Float32Array) => { signal: Signal },
  given: Float32Array | undefined,
  { signal, blockValues }: ExtractOptions,
): Promise<Float32Array> {
  const inspection = createChannelInspection(mapped(new Float32Array(0)).signal.names, 1);
  const onProcessor = await decimatorFor({ ...grid, makeDecimator: undefined }, width);
  for await (const block of reducedBlocks(grid, width, onProcessor, blockValues)) {
    signal?.throwIfAborted();
    inspection.add(mapped(block.data).signal.data);
    if (inspection.unchanged(given).length === 0) break;
  }
  return inspection.finish(given, grid.rateHz).mask;
}

/** Blocks with progress, and a breath between two in which a message to stop can arrive. */
async function* timedBlocks(
  grid: SampleGrid,
  width: number,
  decimator: Decimator | undefined,
  { signal, onProgress, blockValues }: ExtractOptions,
): AsyncGenerator<ReducedBlock, void> {
  const startedMs = performance.now();
  for await (const block of reducedBlocks(grid, width, decimator, blockValues)) {
    signal?.throwIfAborted();
    yield block;
    const fraction = block.readSamples / grid.sampleCount;
    const elapsedS = Math.max(1e-6, (performance.now() - startedMs) / 1000);
    onProgress?.({
      fraction,
      timesRealTime: block.readSamples / grid.rateHz / elapsedS,
      remainingS: (elapsedS * (1 - fraction)) / fraction,
    });
    await new Promise((resolve) => setTimeout(resolve));
  }
  signal?.throwIfAborted();
}

function sourceAt(file: OpenFile, path: string): SeriesSource {
  return file.sources.find(({ info }) => info.path === path) as SeriesSource;
}

async function openSeries(
  file: OpenFile,
  source: SeriesSource,
  { path, rateHz }: SeriesMapping,
): Promise<SampleGrid> {
  const grid = await source.open(rateHz);
  if (grid.rateHz > 0 && Number.isFinite(grid.rateHz)) return grid;
  throw new Error(
    `[import] expected a sampling rate for ${path} in "${file.fileName}", got none: ` +
      'state the rate of this series, or choose one that has time stamps',
  );
}

async function readBehaviour(file: OpenFile, mapping: SeriesMapping): Promise<Signal> {
  const source = sourceAt(file, mapping.path);
  const { signal } = await readWhole(source.info, await openSeries(file, source, mapping));
  const moved = { ...signal, startS: signal.startS + (mapping.offsetS ?? 0) };
  return transformed(moved, 0, source.info.columns.length, 1, mapping).signal;
}

function appliedOf(
  { notchHz = 60, reference = 'average', powerBandsHz }: FrontEndOptions,
  kind: AppliedFrontEnd['kind'],
  {
    frameRateHz,
    groupDelayMs,
    bandDelaysMs,
  }: Pick<Features, 'frameRateHz' | 'groupDelayMs' | 'bandDelaysMs'>,
): AppliedFrontEnd {
  const powers = powerBandsHz?.length ? { powerBandsHz, bandDelaysMs } : {};
  return { kind, frameRateHz, notchHz, reference, groupDelayMs, ...powers };
}
