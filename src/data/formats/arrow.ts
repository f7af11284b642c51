/**
 * The studio's own recording file: an Arrow IPC file of one row, whose columns are lists of float32, one
 * per LFP column and then one per behaviour column, so that each signal keeps its own clock. The rest
 * of the session is JSON in the schema's metadata. In Python: `pyarrow.ipc.open_file(path).read_all()`.
 */
import {
  Field,
  Float32,
  List,
  Message,
  makeData,
  makeVector,
  RecordBatch,
  RecordBatchFileWriter,
  RecordBatchReader,
  Schema,
  Struct,
  Table,
} from 'apache-arrow';
import type { Session, Signal } from '../session';
import { checkArrowLayout } from './arrowLayout';
import { openArrowTable, registerCodecs } from './arrowTable';
import type { FileSource, OpenFile } from './fileFormat';
import { openRecording } from './recording';
import { gridInMemory, type SeriesSource } from './sampleGrid';

const METADATA_KEY = 'realm-studio.session';
const VERSION = 1;

interface Header {
  version: number;
  session: Omit<Session, 'lfp' | 'behaviour' | 'channelMask'> & { channelMask?: number[] };
  lfp: Omit<Signal, 'data'>;
  behaviour?: Omit<Signal, 'data'>;
}

/** Bytes of a whole session; {@link readArrow} gives back an equal one. */
export function writeArrow(session: Session): Uint8Array {
  const { lfp, behaviour, channelMask, ...rest } = session;
  const header: Header = {
    version: VERSION,
    session: { ...rest, channelMask: channelMask && [...channelMask] },
    lfp: withoutData(lfp),
    behaviour: behaviour && withoutData(behaviour),
  };
  const columns = [
    ...toColumns(lfp, 'lfp'),
    ...(behaviour ? toColumns(behaviour, 'behaviour') : []),
  ];
  const schema = new Schema(
    columns.map(({ field }) => field),
    new Map([[METADATA_KEY, JSON.stringify(header)]]),
  );
  const row = makeData({
    type: new Struct(schema.fields),
    length: 1,
    nullCount: 0,
    children: columns.map(({ data }) => data),
  });
  const writer = new WholeFileWriter();
  writer.write(new RecordBatch(schema, row));
  return writer.finish().toUint8Array(true);
}

/** In front the specification has the schema too, where readers of streams look for it; the library leaves it out. */
class WholeFileWriter extends RecordBatchFileWriter {
  protected override _writeSchema(schema: Schema): this {
    super._writeSchema(schema);
    return this._writeMessage(Message.from(schema));
  }
}

function withoutData({ data: _, ...rest }: Signal): Omit<Signal, 'data'> {
  return rest;
}

function toColumns(signal: Signal, prefix: string) {
  const width = signal.names.length;
  return signal.names.map((name, column) => {
    const values = new Float32Array(signal.sampleCount);
    for (let i = 0; i < values.length; i++) values[i] = signal.data[i * width + column];
    const type = new List(new Field('item', new Float32(), false));
    const data = makeData({
      type,
      length: 1,
      nullCount: 0,
      valueOffsets: Int32Array.of(0, values.length),
      child: makeVector(values).data[0],
    });
    return { field: new Field(`${prefix}/${name}`, type, false), data };
  });
}

/**
 * @param fileName used in messages
 * @throws one sentence when the file is damaged or not written by the studio
 */
export function readArrow(bytes: Uint8Array, fileName: string): Session {
  return sessionOf(readTable(bytes, fileName), fileName);
}

function sessionOf(table: Table, fileName: string): Session {
  const json = table.schema.metadata.get(METADATA_KEY);
  if (!json || table.numRows !== 1) {
    throw new Error(
      `[arrow] expected a recording saved by the studio, got another Arrow table in "${fileName}": ` +
        'open the original recording (NWB or .npz) instead',
    );
  }
  const header = headerOf(json, fileName);
  if (header.version !== VERSION) {
    throw new Error(
      `[arrow] expected format version ${VERSION}, got ${header.version} in "${fileName}": ` +
        'open it with the studio that wrote it',
    );
  }
  const { channelMask, ...rest } = header.session;
  return {
    ...rest,
    ...(channelMask && { channelMask: Float32Array.from(channelMask) }),
    lfp: fromColumns(table, 0, header.lfp, fileName),
    ...(header.behaviour && {
      behaviour: fromColumns(table, header.lfp.names.length, header.behaviour, fileName),
    }),
  };
}

function headerOf(json: string, fileName: string): Header {
  try {
    const header = JSON.parse(json) as Header;
    if (Array.isArray(header.lfp.names) && typeof header.session === 'object') return header;
  } catch {
    // Said below.
  }
  throw new Error(
    `[arrow] expected the description of a recording in "${fileName}", got a damaged one: copy or save it again`,
  );
}

function readTable(bytes: Uint8Array, fileName: string): Table {
  registerCodecs();
  try {
    checkArrowLayout(bytes);
    return new Table([...RecordBatchReader.from(bytes)]);
  } catch (error) {
    if (error instanceof Error && /^\[(lz4|zstd)\] expected /.test(error.message)) throw error;
    throw new Error(
      `[arrow] expected a whole Arrow file in "${fileName}", got ${error instanceof Error ? error.message : error}: ` +
        'copy or save it again',
    );
  }
}

function fromColumns(
  table: Table,
  firstColumn: number,
  header: Omit<Signal, 'data'>,
  fileName: string,
): Signal {
  const width = header.names.length;
  const columns = header.names.map((name, k) => {
    const list = table.getChildAt(firstColumn + k)?.get(0) as { toArray(): Float32Array } | null;
    const values = list?.toArray();
    if (values?.length !== header.sampleCount) {
      throw new Error(
        `[arrow] expected ${header.sampleCount} values in column "${name}", got ${values?.length ?? 'none'} ` +
          `in "${fileName}": the file is damaged, save it again`,
      );
    }
    return values;
  });
  const data = new Float32Array(header.sampleCount * width);
  columns.forEach((values, k) => {
    for (let i = 0; i < values.length; i++) data[i * width + k] = values[i];
  });
  return { ...header, data };
}

/** Opens a file written by {@link writeArrow}, or any other table of numbers. */
export async function openArrow(source: FileSource): Promise<OpenFile> {
  const table = readTable(await source.slice(0, source.byteLength), source.name);
  if (!table.schema.metadata.has(METADATA_KEY)) return openArrowTable(table, source.name);
  const session = sessionOf(table, source.name);
  const sources = [sourceOf('lfp', 'lfp', session.lfp)];
  if (session.behaviour) sources.push(sourceOf('behaviour', 'behaviour', session.behaviour));
  const file = openRecording({
    format: 'arrow',
    fileName: source.name,
    name: session.name,
    sources,
    warnings: session.warnings,
  });
  return {
    ...file,
    async readSession(choice) {
      if (choice.behaviour?.includes('behaviour')) return session;
      return { ...session, behaviour: undefined };
    },
  };
}

function sourceOf(path: string, kind: 'lfp' | 'behaviour', signal: Signal): SeriesSource {
  const info = {
    path,
    name: path,
    kind,
    shape: [signal.sampleCount, signal.names.length],
    rateHz: signal.rateHz,
    unit: signal.units[0] ?? '',
    columns: [...signal.names],
    startS: signal.startS,
    gaps: signal.gaps,
  };
  return { info, open: async () => gridInMemory(signal) };
}
