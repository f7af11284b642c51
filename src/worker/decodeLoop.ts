/** Replays the test fold of a session through the streaming decoder, at the pace of a live recording. */
import { fitNormalisation, normalise } from '../data/features';
import { createDecoder, type Decoder } from '../decode/decoder';
import { LatencyMeter } from '../decode/latency';
import type { GpuDevice } from '../gpu/device';
import type { DecodeLayout, StudioListener } from './api';
import { FrameReport } from './frameReport';
import type { HeldModel } from './heldModel';
import type { Prepared } from './preparing';
import { spreadOut } from './previews';
import { RunControl } from './runControl';

const LATENCY_REPORT_MS = 250;
const LFP_SHOWN = 12;
/** Further behind than this, the clock waits for the decoder: frames are never skipped. */
const MOST_LAG_MS = 250;

export interface DecodeOptions {
  device: GpuDevice;
  model: HeldModel;
  prepared: Prepared;
  lfpNames: readonly string[];
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
  readonly #lfp: Float32Array;
  readonly #shown: readonly number[];
  readonly #behaviour: { mean: Float32Array; scale: Float32Array };
  readonly #range: { start: number; end: number };
  #speed: number;
  #isLooping: boolean;
  #finished: Promise<void> | undefined;

  static async open(options: DecodeOptions): Promise<DecodeLoop> {
    const { device, model, prepared } = options;
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
    const decoder = await createDecoder(device, config, weights, { channelMask });
    return new DecodeLoop(options, decoder);
  }

  private constructor(options: DecodeOptions, decoder: Decoder) {
    const { prepared, lfpNames } = options;
    const { features, split } = prepared;
    const normalisation = fitNormalisation(features, split.train);
    this.#options = options;
    this.#decoder = decoder;
    this.#lfp = normalise(features, normalisation).lfp;
    this.#behaviour = {
      mean: normalisation.behaviourMean,
      scale: normalisation.behaviourScale,
    };
    // Of a split in pieces the longest stretch of test frames.
    this.#range = split.test.reduce((a, b) => (b.end - b.start > a.end - a.start ? b : a));
    this.#speed = options.speed;
    this.#isLooping = options.loop;
    this.#meter = new LatencyMeter(1000 / features.frameRateHz);
    const used = lfpNames
      .map((_, column) => column)
      .filter((column) => features.channelMask[Math.floor(column / features.bandCount)] === 1);
    this.#shown = spreadOut(used, LFP_SHOWN);
    this.layout = {
      sessionName: features.sessionName,
      synthetic: features.synthetic,
      frameRateHz: features.frameRateHz,
      frameCount: this.#range.end - this.#range.start,
      testStartFrame: this.#range.start,
      behaviourNames: [...features.behaviourNames],
      behaviourUnits: [...features.behaviourUnits],
      lfpNames: this.#shown.map((column) => lfpNames[column]),
    };
  }

  play(): void {
    this.#control.resume();
    this.#finished ??= this.#run();
  }

  pause(): void {
    this.#control.pause();
  }

  step(): void {
    this.#control.step();
    this.#finished ??= this.#run();
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
    let due = performance.now();
    for (let frame = this.#range.start; ; frame++) {
      if (frame === this.#range.end) {
        report.flush();
        // Not looping: held at the end, where another play starts over.
        if (!this.#isLooping) {
          this.#control.pause();
          tell({ type: 'decodeEnded' });
        }
        this.#decoder.reset();
        frame = this.#range.start;
      }
      if (this.#control.isPaused) report.flush();
      if ((await this.#control.turn()) === 'cancelled') return;
      const { speed, isPaused } = { speed: this.#speed, isPaused: this.#control.isPaused };
      const now = performance.now();
      due = Math.max(due + 1000 / (speed * this.layout.frameRateHz), now - MOST_LAG_MS);
      // After a pause or a change of speed the clock starts from now.
      if (isPaused || due > now + 1000) due = now;
      if (due > now) await new Promise((resolve) => setTimeout(resolve, due - now));
      await this.#decode(frame, report);
      if (performance.now() - latencyAt > LATENCY_REPORT_MS || isPaused) {
        this.#tellLatency();
        latencyAt = performance.now();
      }
    }
  }

  async #decode(frame: number, report: FrameReport): Promise<void> {
    const { features } = this.#options.prepared;
    const width = features.channelCount * features.bandCount;
    const row = this.#lfp.subarray(frame * width, (frame + 1) * width);
    const { channelCount, bandCount, outputCount } = this.#options.model.config;
    const input = new Float32Array(channelCount * bandCount);
    input.set(row);
    const started = performance.now();
    const { behaviour } = await this.#decoder.step(input);
    this.#meter.add(performance.now() - started);
    const { mean, scale } = this.#behaviour;
    report.add(
      frame,
      this.#shown.map((column) => row[column]),
      features.behaviour!.subarray(frame * outputCount, (frame + 1) * outputCount),
      behaviour.map((value, k) => value * scale[k] + mean[k]),
    );
  }

  #tellLatency(): void {
    const { p50Ms, p95Ms, p99Ms, missed, deadlineMs, frames } = this.#meter.summary();
    this.#options.tell({
      type: 'latency',
      latency: { p50Ms, p95Ms, p99Ms, missedDeadlines: missed, deadlineMs, frames },
    });
  }
}
