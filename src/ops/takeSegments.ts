// Takes a batch of segments out of recordings that lie on the device: a few numbers for each segment say where it begins.

import source from '../../shaders/take_segments.wgsl?raw';
import { gridStride, numbers, type Op } from '../autograd/op';
import { type Shape, showShape, type Tensor } from '../autograd/tensor';
import { defineShader } from '../gpu/shader';

const shader = defineShader('take_segments', source);

/** Invocations that share a row, as in the shader. */
const LANES = 8;

/** Sizes of the segments and of the recordings' rows. */
export interface SegmentSizes {
  /** T of a segment. */
  readonly frames: number;
  readonly channelCount: number;
  readonly bandCount: number;
  /** K, behaviour columns. */
  readonly outputCount: number;
}

/** Numbers of a place before the choice of its frames: row of the channel mask, row of the first frame, weight. */
export const PLACE_HEAD = 3;
/** An f32 holds whole numbers of 24 bits. */
const CHOICES_PER_NUMBER = 24;
/** Rows beyond it an f32 cannot name. */
export const MOST_ROWS = 2 ** 24;

/** Numbers of a row: LFP columns, behaviour, and 1 where the behaviour is known. */
export function rowWidth({
  channelCount,
  bandCount,
  outputCount,
}: Omit<SegmentSizes, 'frames'>): number {
  return channelCount * bandCount + outputCount + 1;
}

/** Numbers of a place, with or without a choice of its frames. */
export function placeWidth(frames: number, hasChoice: boolean): number {
  return PLACE_HEAD + (hasChoice ? Math.ceil(frames / CHOICES_PER_NUMBER) : 0);
}

/** Packs 0 and 1 of each frame, as a place holds them behind its head. */
export function packChoice(choice: Float32Array): number[] {
  const packed = new Array<number>(Math.ceil(choice.length / CHOICES_PER_NUMBER)).fill(0);
  choice.forEach((chosen, t) => {
    if (chosen === 1) packed[Math.floor(t / CHOICES_PER_NUMBER)] += 2 ** (t % CHOICES_PER_NUMBER);
  });
  return packed;
}

export interface TakenSegments {
  /** [B, T, C*bands] */
  readonly lfp: Tensor;
  /** [B, C] */
  readonly channelMask: Tensor;
  /** [B, T, K] */
  readonly behaviour: Tensor;
  /** [B, T]: the segment's weight where the behaviour is known, otherwise 0. */
  readonly behaviourWeight: Tensor;
  /** [B, T]: the segment's weight. */
  readonly frameWeight: Tensor;
  /** [B, T]: the segment's weight where the place chooses the frame, otherwise 0; without a choice at every frame. */
  readonly chosenFrames: Tensor;
}

const takeOp: Op<SegmentSizes> = {
  name: 'takeSegments',
  infer([recordings, places], sizes) {
    const { frames, channelCount, bandCount, outputCount } = sizes;
    const width = rowWidth(sizes);
    const widths = [placeWidth(frames, false), placeWidth(frames, true)];
    if (
      recordings.length !== 2 ||
      recordings[1] !== width ||
      places.length !== 2 ||
      !widths.includes(places[1])
    ) {
      throw new Error(
        `[takeSegments] expected recordings [rows, ${width}] and places [B, ${widths.join(' or ')}], got ${showShape(recordings)} and ${showShape(places)}`,
      );
    }
    const [B] = places;
    const weight: Shape = [B, frames];
    return [
      [B, frames, channelCount * bandCount],
      [B, channelCount],
      [B, frames, outputCount],
      weight,
      weight,
      weight,
    ];
  },
  cpu({ inputs: [recordings, places], inputShapes: [, [B, placed]], outputs, params }) {
    const [lfp, mask, behaviour, known, counted, chosen] = outputs;
    const { frames, channelCount, bandCount, outputCount } = params;
    const columns = channelCount * bandCount;
    const width = rowWidth(params);
    for (let b = 0; b < B; b++) {
      const place = places.subarray(b * placed, (b + 1) * placed);
      const [maskRow, firstRow, weight] = place;
      for (let c = 0; c < channelCount; c++) {
        mask[b * channelCount + c] = recordings[maskRow * width + c];
      }
      for (let t = 0; t < frames; t++) {
        const row = recordings.subarray((firstRow + t) * width, (firstRow + t + 1) * width);
        const to = b * frames + t;
        lfp.set(row.subarray(0, columns), to * columns);
        behaviour.set(row.subarray(columns, columns + outputCount), to * outputCount);
        known[to] = weight * row[width - 1];
        counted[to] = weight;
        const choices = place[PLACE_HEAD + Math.floor(t / CHOICES_PER_NUMBER)];
        const isChosen =
          placed === PLACE_HEAD || Math.floor(choices / 2 ** (t % CHOICES_PER_NUMBER)) % 2 === 1;
        chosen[to] = isChosen ? weight : 0;
      }
    }
  },
  gpu({ inputs: [recordings, places], outputs, params }) {
    const [lfp, mask, behaviour, known, counted, chosen] = outputs;
    const { frames, channelCount, bandCount, outputCount } = params;
    const [B, placed] = places.shape;
    return [
      {
        shader,
        entry: 'take',
        constants: {},
        bindings: {
          recordings,
          places,
          out_lfp: lfp,
          out_mask: mask,
          out_behaviour: behaviour,
          out_known: known,
          out_counted: counted,
          out_chosen: chosen,
          sizes: numbers(frames, channelCount * bandCount, channelCount, outputCount, placed),
        },
        workgroups: gridStride(B * (frames + 1) * LANES),
      },
    ];
  },
  gradient: undefined,
};

/**
 * @param recordings [rows, C*bands + K + 1]: a row is a frame (LFP, behaviour, 1 where the behaviour is known) or begins
 * with a channel mask [C]
 * @param places [B, 3]: row of the segment's channel mask, row of its first frame, weight; or with the choice of its
 * frames (packChoice) behind them
 * @throws Error when the shapes do not fit
 */
export function takeSegments(
  recordings: Tensor,
  places: Tensor,
  sizes: SegmentSizes,
): TakenSegments {
  const [lfp, channelMask, behaviour, behaviourWeight, frameWeight, chosenFrames] =
    recordings.graph.apply(takeOp, [recordings, places], sizes);
  return { lfp, channelMask, behaviour, behaviourWeight, frameWeight, chosenFrames };
}
