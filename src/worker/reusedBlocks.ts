/** A file's bytes through one buffer, for reading all of a large file once: left to the garbage collector, its blocks pile up. */
import type { FileSource } from '../data/formats/fileFormat';
import { fileSourceFromBlob } from '../data/readers';

/** Each slice holds until the next is asked for. */
export function fileSourceInOneBuffer(file: File): FileSource {
  let buffer = new ArrayBuffer(0);
  return {
    ...fileSourceFromBlob(file),
    async slice(start, end) {
      const length = Math.min(end, file.size) - start;
      if (buffer.byteLength < length) buffer = new ArrayBuffer(length);
      const reader = file.slice(start, end).stream().getReader({ mode: 'byob' });
      let count = 0;
      while (count < length) {
        const { value, done } = await reader.read(new Uint8Array(buffer, count, length - count));
        // The buffer went to the reader and came back.
        if (value) buffer = value.buffer;
        if (done) break;
        count += value.byteLength;
      }
      return new Uint8Array(buffer, 0, count);
    },
  };
}
