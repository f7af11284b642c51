/** MATLAB v5 to v7 files: variables listed by their headers, inflated when they are needed. */
import { Unzlib } from 'fflate';
import { type FileSource, type OpenFile, readExact, stem } from './fileFormat';
import { ELEMENT, Mat5Bytes } from './mat5Parse';
import { matSeries } from './matSeries';
import type { MatValue } from './matValue';
import { openRecording } from './recording';

const HEADER_BYTES = 128;
/** Larger variables belong into a v7.3 file, whose reader needs only slices of them. */
const MAX_VARIABLE_BYTES = 2 ** 30;
const MAX_VARIABLES = 100_000;

/** @throws one sentence when the file is damaged or holds no arrays */
export async function openMat5(source: FileSource): Promise<OpenFile> {
  const header = await readExact(source, 0, HEADER_BYTES, 'a MATLAB header');
  const isLittle = header.getUint16(126, true) === 0x4d49;
  if (!isLittle && header.getUint16(126, false) !== 0x4d49) {
    throw new Error(
      `[mat] expected the byte order of a MATLAB file in "${source.name}", got other bytes: copy it again`,
    );
  }
  const variables = new Map<string, MatValue>();
  let at = HEADER_BYTES;
  for (let count = 0; at + 8 <= source.byteLength && count < MAX_VARIABLES; count++) {
    const tag = await readExact(source, at, at + 8, 'a variable');
    const type = tag.getUint32(0, isLittle);
    const byteLength = tag.getUint32(4, isLittle);
    const end = at + 8 + byteLength;
    if ((type === ELEMENT.matrix || type === ELEMENT.compressed) && byteLength > 0) {
      const [name, value] = await readVariable(source, type, at + 8, end, isLittle);
      // Names beginning with a zero or nothing belong to MATLAB's own bookkeeping.
      if (name !== '') variables.set(name, value);
    } else if (type === 0 || type > 18) {
      throw new Error(
        `[mat] expected a variable at byte ${at} of "${source.name}", got an element of type ${type}: ` +
          'the file is damaged, copy it again',
      );
    }
    at = end;
  }
  const found = await matSeries(variables, source.name);
  return openRecording({
    format: 'mat',
    fileName: source.name,
    name: stem(source.name),
    ...found,
  });
}

async function readVariable(
  source: FileSource,
  type: number,
  start: number,
  end: number,
  isLittle: boolean,
): Promise<[string, MatValue]> {
  if (end - start > MAX_VARIABLE_BYTES) refuse(source, end - start);
  const view = await readExact(source, start, end, 'a variable');
  if (type === ELEMENT.matrix) {
    const bytes = new Mat5Bytes(view, isLittle, source.name);
    return [bytes.head(0, view.byteLength).name, bytes.matrix(0, view.byteLength)];
  }
  const inflated = inflate(view, isLittle, source);
  const bytes = new Mat5Bytes(inflated, isLittle, source.name);
  const { start: from, byteLength } = bytes.element(0, inflated.byteLength);
  return [bytes.head(from, from + byteLength).name, bytes.matrix(from, from + byteLength)];
}

/** Exactly the bytes that the inflated element's own tag states, so that no archive can grow without end. */
function inflate(packed: DataView, isLittle: boolean, source: FileSource): DataView {
  let whole = new Uint8Array(0);
  let length = 0;
  const tag = new Uint8Array(8);
  const stream = new Unzlib((chunk) => {
    if (length < 8) tag.set(chunk.subarray(0, 8 - length), length);
    if (whole.length === 0 && length + chunk.length >= 8) {
      const size = 8 + new DataView(tag.buffer).getUint32(4, isLittle);
      if (size > MAX_VARIABLE_BYTES) refuse(source, size);
      whole = new Uint8Array(size);
      whole.set(tag.subarray(0, Math.min(8, length)));
    }
    if (whole.length > 0) {
      whole.set(
        chunk.subarray(0, Math.max(0, whole.length - length)),
        Math.min(length, whole.length),
      );
    }
    length += chunk.length;
    if (whole.length > 0 && length > whole.length + 8) throw new Error('more bytes than stated');
  });
  const bytes = new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
  try {
    stream.push(bytes, true);
    if (length < whole.length || whole.length === 0) throw new Error(`${length} bytes`);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('[mat]')) throw error;
    throw new Error(
      `[mat] expected a whole compressed variable in "${source.name}", got ${error instanceof Error ? error.message : error}: ` +
        'the file is damaged, copy or save it again',
    );
  }
  return new DataView(whole.buffer);
}

function refuse(source: FileSource, bytes: number): never {
  throw new Error(
    `[mat] expected variables of at most ${MAX_VARIABLE_BYTES} bytes in "${source.name}", got ${bytes}: ` +
      "save it with save(..., '-v7.3'), which can be read in slices",
  );
}
