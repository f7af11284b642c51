/** A single NumPy array (.npy) as a series, read in slices where its order allows. */
import { arrayInMemory, type NumericArray, seriesOfArray, timeAxisOf } from './arraySeries';
import { type FileSource, type OpenFile, readExact, stem } from './fileFormat';
import { type NpyHeader, parseNpy, parseNpyHeader, readNpyValues } from './npy';
import { openRecording } from './recording';

const MAX_HEADER_BYTES = 65536;
/** Arrays whose samples are scattered over the file are read whole, up to this. */
const MAX_WHOLE_BYTES = 2 ** 31;

/** @throws when the array is not one or two columns of numbers, or is cut short */
export async function openNpy(source: FileSource): Promise<OpenFile> {
  const head = await source.slice(0, Math.min(source.byteLength, MAX_HEADER_BYTES));
  const header = parseNpyHeader(head, source.name);
  const { shape, itemBytes, dataStart, fortranOrder } = header;
  const count = shape.reduce((product, size) => product * size, 1);
  const available = source.byteLength - dataStart;
  if (shape.length < 1 || shape.length > 2 || !(count > 0) || count * itemBytes > available) {
    throw new Error(
      `[npy] expected a vector or matrix whose ${count * itemBytes} bytes are in the file, got shape ` +
        `(${shape.join(', ')}) and ${available} bytes in "${source.name}": save it as (samples, channels) again`,
    );
  }
  const isStreamed = shape.length === 1 || (timeAxisOf(shape) === 0 && !fortranOrder);
  const array = isStreamed ? streamed(source, header) : whole(source, shape);
  return openRecording({
    format: 'npy',
    fileName: source.name,
    name: stem(source.name),
    sources: [await seriesOfArray({ path: stem(source.name), array })],
    warnings: ['A single array states no rate: give it when choosing the series.'],
    // Without a rate there is no session.
    sessionWarnings: [],
  });
}

function streamed(source: FileSource, header: NpyHeader): NumericArray {
  const width = header.shape[1] ?? 1;
  const rowBytes = width * header.itemBytes;
  return {
    dims: header.shape,
    async read(_, start, end) {
      const first = header.dataStart + start * rowBytes;
      const last = header.dataStart + end * rowBytes;
      const view = await readExact(source, first, last, 'samples');
      return readNpyValues(view, header.kind, (end - start) * width);
    },
  };
}

function whole(source: FileSource, dims: readonly number[]): NumericArray {
  let kept: Promise<NumericArray> | undefined;
  const load = async () => {
    if (source.byteLength > MAX_WHOLE_BYTES) {
      throw new Error(
        `[npy] expected (samples, channels) in C order in an array of more than 2 GiB, got another order in ` +
          `"${source.name}": save it with numpy.ascontiguousarray`,
      );
    }
    const { shape, data } = parseNpy(await source.slice(0, source.byteLength), source.name);
    return arrayInMemory(shape, data, false);
  };
  return {
    dims,
    async read(timeAxis, start, end) {
      kept ??= load();
      return (await kept).read(timeAxis, start, end);
    },
  };
}
