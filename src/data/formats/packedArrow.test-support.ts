// Arrow files packed with LZ4 or Zstandard, for tests: packers that know long runs of one byte and nothing else.
import { CompressionType, compressionRegistry, type Table, tableToIPC } from 'apache-arrow';
import { registerCodecs } from './arrowTable';
import { Writer } from './madeFiles';

function runStart(data: Uint8Array): number {
  let start = data.length;
  while (start > 1 && data[start - 1] === data[start - 2]) start -= 1;
  return start;
}

/** LZ4: literals, one copy of the byte before, and five literals, with which a block must end. */
function lz4Packed(data: Uint8Array): Uint8Array {
  const end = data.length - 5;
  const start = Math.min(runStart(data), end - 4);
  const block = new Writer().u8(0xff);
  const length = (value: number) => {
    let rest = value - 15;
    for (; rest >= 255; rest -= 255) block.u8(255);
    block.u8(rest);
  };
  length(start);
  block.bytes(data.subarray(0, start)).u16(1);
  length(end - start - 4);
  const bytes = block
    .u8(5 << 4)
    .bytes(data.subarray(end))
    .finish();
  const frame = new Writer().u32(0x184d2204).bytes([0x60, 0x40, 0x82]).u32(bytes.length);
  return frame.bytes(bytes).u32(0).finish();
}

/** Zstandard: a stored block and a run, the length written. */
function zstdPacked(data: Uint8Array): Uint8Array {
  const start = runStart(data);
  const frame = new Writer().u32(0xfd2fb528).u8(0xa0).u32(data.length);
  frame.u24(start << 3).bytes(data.subarray(0, start));
  return frame
    .u24(((data.length - start) << 3) | (1 << 1) | 1)
    .u8(data[start - 1])
    .finish();
}

/** A packed buffer that is no smaller stays as it is, as the format has it. */
export function packedTable(table: Table, packing: 'none' | 'LZ4' | 'Zstd'): Uint8Array {
  if (packing === 'none') return tableToIPC(table, 'file');
  const isLz4 = packing === 'LZ4';
  const type = isLz4 ? CompressionType.LZ4_FRAME : CompressionType.ZSTD;
  // To write, the library wants to be able to read.
  registerCodecs();
  const decode = compressionRegistry.get(type)?.decode;
  compressionRegistry.set(type, { encode: isLz4 ? lz4Packed : zstdPacked, decode });
  return tableToIPC(table, 'file', type);
}
