// Where the graphs of a stage take their batches from: before a replay only the places of its segments are written.

import type { Graph } from '../autograd/graph';
import type { Plan } from '../autograd/plan';
import type { Device } from '../autograd/store';
import type { Tensor } from '../autograd/tensor';
import type { Segment } from '../data/segments';
import {
  packChoice,
  placeWidth,
  rowWidth,
  type SegmentSizes,
  type TakenSegments,
  takeSegments,
} from '../ops/takeSegments';
import { createRecordingRows, type RecordingRows } from './recordingRows';
import type { TrainingData } from './trainingData';

/** A batch in a graph. */
export interface SegmentBatch extends TakenSegments {
  /** [B, 3] or with a choice of frames behind, see takeSegments. */
  readonly places: Tensor;
}

export interface SegmentSourceOptions {
  readonly device: Device;
  readonly data: TrainingData;
  /** Segments per replay. */
  readonly batch: number;
  /** T of a segment. */
  readonly frames: number;
  /** Of recordings that are kept on the device; longer ones are streamed. Default MOST_RESIDENT_BYTES. */
  readonly mostResidentBytes?: number;
}

export class SegmentSource {
  readonly #rows: RecordingRows;
  readonly #sizes: SegmentSizes;
  readonly #batch: number;

  /** @throws Error when bands or behaviour columns of the sessions differ, or a session has too many channels */
  constructor({ device, data, batch, frames, mostResidentBytes }: SegmentSourceOptions) {
    this.#rows = createRecordingRows(device, data, batch, frames, mostResidentBytes);
    const { channelCount, bandCount, outputCount } = data;
    this.#sizes = { frames, channelCount, bandCount, outputCount };
    this.#batch = batch;
  }

  /** False where the recordings are streamed. */
  get isResident(): boolean {
    return this.#rows.isResident;
  }

  /**
   * Appends the taking of a batch.
   * @param hasChoice each segment comes with a choice of its frames; without, all are chosen
   */
  take(graph: Graph, hasChoice: boolean): SegmentBatch {
    const { store } = this.#rows;
    const width = rowWidth(this.#sizes);
    const recordings = graph.stored('recordings', [store.elements / width, width], store);
    const placed = placeWidth(this.#sizes.frames, hasChoice);
    const places = graph.input('places', [this.#batch, placed]);
    return { places, ...takeSegments(recordings, places, this.#sizes) };
  }

  /**
   * Writes what the next replay takes. Where there are fewer segments than places the last one fills up at weight 0.
   * @param to of `take`
   * @param choiceOf of the b-th segment's frames [T], 1 = chosen
   */
  write(
    plan: Plan,
    to: SegmentBatch,
    segments: readonly Segment[],
    choiceOf?: (b: number) => Float32Array,
  ): void {
    const { size, shape } = to.places;
    const values = new Float32Array(size);
    const located = this.#rows.locate(segments);
    for (let b = 0; b < this.#batch; b++) {
      const isFilling = b >= segments.length;
      const { channelMask, firstFrame } = located[isFilling ? segments.length - 1 : b];
      const choice = choiceOf && !isFilling ? packChoice(choiceOf(b)) : [];
      values.set([channelMask, firstFrame, isFilling ? 0 : 1, ...choice], b * shape[1]);
    }
    plan.write(to.places, values);
  }

  destroy(): void {
    this.#rows.store.destroy();
  }
}
