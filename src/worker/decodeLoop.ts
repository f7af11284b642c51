/** Replays the test fold of a session through the streaming decoder, at the pace of a live recording. */
import { faultOf } from '../base/fault';
import type { Session } from '../data/session';
import { chooseDecoder, DECODE_PATHS, type DecodePreference } from '../decode/chooseDecoder';
import { createCpuDecoder } from '../decode/cpuDecoder';
import { createDecoder, type Decoder, MOST_QUEUED_FRAMES } from '../decode/decoder';
import { LatencyMeter } from '../decode/latency';
import type { GpuDevice } from '../gpu/device';
import type { StudioListener } from './api';
import type { DecodeLayout, PathMeasurement } from './decodingApi';
import { FrameClock } from './frameClock';
import { FrameReport } from './frameReport';
import type { HeldModel } from './heldModel';
import type { Prepared } from './preparing';
import { spreadOut } from './previews';
import type { DataSettings } from './recordingsApi';
import { type ReplayedFrame, ReplaySource } from './replaySource';
import { RunControl } from './runControl';

const LATENCY_REPORT_MS = 250;
const LFP_SHOWN = 12;
/** The processor's path never waits by itself: without a turn now and then no call would reach the worker. */
const TURN_MS = 20;

export interface DecodeOptions {
  /** Asked only for the GPU's path. */
  device: () => Promise<GpuDevice>;
  preference: DecodePreference;
  model: HeldModel;
  session: Session;
  data: DataSettings;
  prepared: Prepared;
  speed: number;
  loop: boolean;
  tell: StudioListener;
}

export class DecodeLoop {
  readonly layout: DecodeLayout;
  readonly #options: DecodeOptions;
  readonly #decoder: Decoder;
  readonly #meter: LatencyMeter;
  readonly #control = new RunControl();
  readonly #source: ReplaySource;
  readonly #shown: readonly number[];
  #speed: number;
  #isLooping: boolean;
  #finished: Promise<void> | undefined;

  /** Measures both paths for a moment and takes the one that is wanted, or the faster. */
  static async open(options: DecodeOptions): Promise<DecodeLoop> {
    const { device, model, prepared, preference } = options;
    const { config, weights } = model;
    const { features } = prepared;
    if (features.channelCount > config.channelCount || features.bandCount !== config.bandCount) {
      throw new Error(
        `[decode] expected a session of at most ${config.channelCount} channels and ${config.bandCount} bands, ` +
          `got ${features.channelCount} and ${features.bandCount}: choose another session or distil a student for this one`,
      );
    }
    if (features.behaviourNames.length !== config.outputCount) {
      throw new Error(
        `[decode] expected a session with ${config.outputCount} behaviour outputs, as the student has, ` +
          `got ${features.behaviourNames.length}: fine-tune the student to this session`,
      );
    }
    const channelMask = new Float32Array(config.channelCount);
    channelMask.set(features.channelMask);
    const { decoder, path, latency, faults } = await chooseDecoder({
      create: {
        gpu: async () => createDecoder(await device(), config, weights, { channelMask }),
        cpu: () => createCpuDecoder(config, weights, { channelMask }),
      },
      preference,
      columns: config.channelCount * config.bandCount,
      deadlineMs: 1000 / features.frameRateHz,
    });
    const measured = DECODE_PATHS.map((one): PathMeasurement => {
      const { p50Ms, p99Ms, frames } = latency[one] ?? {};
      return { path: one, p50Ms, p99Ms, frames, problem: faults[one]?.message };
    });
    return new DecodeLoop(options, decoder, { path, measured });
  }

  private constructor(
    options: DecodeOptions,
    decoder: Decoder,
    chosen: Pick<DecodeLayout, 'path' | 'measured'>,
  ) {
    const { session, prepared, data } = options;
    const { features } = prepared;
    this.#options = options;
    this.#decoder = decoder;
    this.#source = new ReplaySource(session, prepared, data);
    const { start, end } = this.#source.range;
    this.#speed = options.speed;
    this.#isLooping = options.loop;
    this.#meter = new LatencyMeter(1000 / features.frameRateHz);
    const lfpNames = session.lfp.names;
    const used = lfpNames
      .map((_, column) => column)
      .filter((column) => features.channelMask[Math.floor(column / features.bandCount)] === 1);
    this.#shown = spreadOut(used, LFP_SHOWN);
    this.layout = {
      ...chosen,
      sessionId: features.sessionId,
      sessionName: features.sessionName,
      synthetic: features.synthetic,
      frameRateHz: features.frameRateHz,
      frameCount: end - start,
      testStartFrame: start,
      behaviourNames: [...features.behaviourNames],
      behaviourUnits: [...features.behaviourUnits],
      lfpNames: this.#shown.map((column) => lfpNames[column]),
    };
  }

  play(): void {
    this.#control.resume();
    this.#start();
  }

  pause(): void {
    this.#control.pause();
  }

  step(): void {
    this.#control.step();
    this.#start();
  }

  #start(): void {
    this.#finished ??= this.#run().catch((error) => {
      this.#options.tell({ type: 'decodeEnded' });
      this.#options.tell({ type: 'fault', fault: faultOf('The decoder stopped.', error) });
    });
  }

  setSpeed(speed: number): void {
    this.#speed = speed;
  }

  setLoop(isLooping: boolean): void {
    this.#isLooping = isLooping;
  }

  /** Ends the loop and frees the decoder. */
  async close(): Promise<void> {
    this.#control.cancel();
    await this.#finished;
    this.#decoder.destroy();
  }

  async #run(): Promise<void> {
    const { tell } = this.#options;
    const report = new FrameReport(this.layout, tell);
    let latencyAt = Number.NEGATIVE_INFINITY;
    const clock = new FrameClock(performance.now());
    let turnAt = performance.now();
    for (;;) {
      if (this.#control.isPaused) {
        report.flush();
        this.#tellLatency();
      }
      if ((await this.#control.turn()) === 'cancelled') return;
      const now = performance.now();
      const periodMs = 1000 / (this.#speed * this.layout.frameRateHz);
      const isStep = this.#control.isPaused;
      const due = clock.next(now, periodMs, isStep);
      if (due > now || now - turnAt > TURN_MS) {
        await new Promise((resolve) => setTimeout(resolve, due - now));
        turnAt = performance.now();
      }
      const most = isStep ? 1 : MOST_QUEUED_FRAMES;
      const count = clock.queued(performance.now(), periodMs, most);
      if (!(await this.#decodeNext(report, count))) {
        this.#startOver(report);
        continue;
      }
      if (performance.now() - latencyAt > LATENCY_REPORT_MS) {
        this.#tellLatency();
        latencyAt = performance.now();
      }
    }
  }

  #startOver(report: FrameReport): void {
    report.flush();
    this.#source.rewind();
    this.#decoder.reset();
    // Not looping: held at the start, from where another play begins.
    if (this.#isLooping) return;
    this.#control.pause();
    this.#options.tell({ type: 'decodeEnded' });
  }

  /**
   * @param count frames that are due
   * @returns false at the end of the recording
   */
  async #decodeNext(report: FrameReport, count: number): Promise<boolean> {
    const { features } = this.#options.prepared;
    const { channelCount, bandCount, outputCount } = this.#options.model.config;
    const columns = channelCount * bandCount;
    const input = new Float32Array(count * columns);
    // From here the samples of the frames are there: filters and normalisation are part of the latency.
    const started = performance.now();
    const frames: ReplayedFrame[] = [];
    while (frames.length < count) {
      const next = this.#source.next();
      if (!next) break;
      input.set(next.lfp, frames.length * columns);
      frames.push(next);
    }
    if (frames.length === 0) return false;
    const decoded = await this.#decoder.catchUp(input.subarray(0, frames.length * columns));
    const latencyMs = performance.now() - started;
    const { behaviourMean, behaviourScale } = this.#source.normalisation;
    for (const [i, { frame, lfp }] of frames.entries()) {
      this.#meter.add(latencyMs);
      report.add(
        frame,
        this.#shown.map((column) => lfp[column]),
        features.behaviour!.subarray(frame * outputCount, (frame + 1) * outputCount),
        decoded[i].behaviour.map((value, k) => value * behaviourScale[k] + behaviourMean[k]),
      );
    }
    return true;
  }

  #tellLatency(): void {
    const { p50Ms, p95Ms, p99Ms, missed, deadlineMs, frames } = this.#meter.summary();
    this.#options.tell({
      type: 'latency',
      latency: { p50Ms, p95Ms, p99Ms, missedDeadlines: missed, deadlineMs, frames },
    });
  }
}
