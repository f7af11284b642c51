// The recordings as rows of one store on the device, as takeSegments reads them: all of them, written once, or the rows
// of one batch, written before each replay.

import { createStore, type Device, type Store } from '../autograd/store';
import { checkLayout, copyKnownBehaviour, type Segment } from '../data/segments';
import { MOST_ROWS, rowWidth } from '../ops/takeSegments';
import type { TrainingData } from './trainingData';

/** Nearly two hours of 96 channels at 100 Hz; the stages of paper scale then stay within 1 GiB. */
export const MOST_RESIDENT_BYTES = 2 ** 28;

/** Where a segment lies in the store. */
export interface SegmentRows {
  readonly channelMask: number;
  readonly firstFrame: number;
}

export interface RecordingRows {
  /** [rows, rowWidth]: frames, and channel masks. */
  readonly store: Store;
  readonly isResident: boolean;
  /** The rows of a batch's segments, which are there for the replay that follows. */
  locate(segments: readonly Segment[]): SegmentRows[];
}

/**
 * @param batch segments that `locate` is asked for
 * @param frames of each
 * @param mostBytes of the store; recordings that need more, or more than the adapter allows, are streamed
 * @throws Error when bands or behaviour columns of the sessions differ, or a session has too many channels
 */
export function createRecordingRows(
  device: Device,
  data: TrainingData,
  batch: number,
  frames: number,
  mostBytes = MOST_RESIDENT_BYTES,
): RecordingRows {
  checkLayout(data.sessions, data.channelCount);
  const rowCount = data.sessions.reduce((sum, { frameCount }) => sum + 1 + frameCount, 0);
  const bytes = rowCount * rowWidth(data) * 4;
  const limits = device.kind === 'gpu' ? device.device.limits : undefined;
  const fits =
    rowCount <= MOST_ROWS &&
    bytes <= mostBytes &&
    bytes <= (limits?.maxBufferSize ?? bytes) &&
    bytes <= (limits?.maxStorageBufferBindingSize ?? bytes);
  return fits ? residentRows(device, data, rowCount) : streamedRows(device, data, batch, frames);
}

/** Rows that cross to the device at once: a long recording is no single write. */
const WRITE_ROWS = 4096;

/** Each session's channel mask, and behind it all its frames. */
function residentRows(device: Device, data: TrainingData, rowCount: number): RecordingRows {
  const width = rowWidth(data);
  const store = createStore(device, rowCount * width, 'recordings');
  const maskRows: number[] = [];
  let next = 0;
  data.sessions.forEach(({ frameCount }, session) => {
    maskRows.push(next);
    store.write(maskRow(data, session), next * width);
    next++;
    for (let frame = 0; frame < frameCount; frame += WRITE_ROWS) {
      const count = Math.min(WRITE_ROWS, frameCount - frame);
      store.write(frameRows(data, { session, startFrame: frame }, count), (next + frame) * width);
    }
    next += frameCount;
  });
  return {
    store,
    isResident: true,
    locate: (segments) =>
      segments.map(({ session, startFrame }) => ({
        channelMask: maskRows[session],
        firstFrame: maskRows[session] + 1 + startFrame,
      })),
  };
}

/** The same for each segment of one batch. */
function streamedRows(
  device: Device,
  data: TrainingData,
  batch: number,
  frames: number,
): RecordingRows {
  const width = rowWidth(data);
  const rowsPerSegment = 1 + frames;
  const rows = new Float32Array(batch * rowsPerSegment * width);
  const store = createStore(device, rows.length, 'streamed recordings');
  return {
    store,
    isResident: false,
    locate(segments) {
      const places = segments.map((segment, b) => {
        const channelMask = b * rowsPerSegment;
        rows.set(maskRow(data, segment.session), channelMask * width);
        rows.set(frameRows(data, segment, frames), (channelMask + 1) * width);
        return { channelMask, firstFrame: channelMask + 1 };
      });
      store.write(rows);
      return places;
    },
  };
}

/** A row that begins with the session's channel mask, 0 for the channels that it lacks. */
function maskRow(data: TrainingData, session: number): Float32Array {
  const row = new Float32Array(rowWidth(data));
  row.set(data.sessions[session].channelMask);
  return row;
}

/** [count, rowWidth] from the segment's first frame on: LFP, 0 for missing channels, behaviour, and whether it is known. */
function frameRows(data: TrainingData, segment: Segment, count: number): Float32Array {
  const { channelCount, bandCount, outputCount, sessions } = data;
  const features = sessions[segment.session];
  const width = rowWidth(data);
  const rows = new Float32Array(count * width);
  const columns = features.channelCount * bandCount;
  for (let t = 0; t < count; t++) {
    const frame = segment.startFrame + t;
    rows.set(features.lfp.subarray(frame * columns, (frame + 1) * columns), t * width);
    const behaviourAt = t * width + channelCount * bandCount;
    const isKnown = copyKnownBehaviour(features, frame, rows, behaviourAt);
    rows[behaviourAt + outputCount] = isKnown ? 1 : 0;
  }
  return rows;
}
