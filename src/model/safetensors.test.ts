// safetensors: round trips, the published golden files, and files that must be refused.
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSafetensors, type StoredTensor, writeSafetensors } from './safetensors';

const goldenFolder = new URL('../../../shared/golden/', import.meta.url);

/** A file from a literal header text and data bytes, to write what the writer never would. */
function fileOf(
  header: string,
  data: Uint8Array = new Uint8Array(0),
  headerBytes?: bigint,
): Uint8Array {
  const text = new TextEncoder().encode(header);
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, headerBytes ?? BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

const entry = (dtype: string, shape: unknown, offsets: unknown) =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });

describe('round trip', () => {
  const tensorArbitrary = fc.array(fc.nat({ max: 4 }), { maxLength: 4 }).chain((shape) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return fc
      .array(fc.float(), { minLength: count, maxLength: count })
      .map((values): StoredTensor => ({ shape, data: Float32Array.from(values) }));
  });
  const nameArbitrary = fc
    .oneof(fc.string(), fc.constantFrom('constructor', 'toString', '10', '9', 'ä/ü "quoted"'))
    .filter((name) => name !== '__proto__' && name !== '__metadata__');

  it('returns every tensor and metadata string, to the bit', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(nameArbitrary, tensorArbitrary), { maxLength: 6 }),
        fc.array(fc.tuple(nameArbitrary, fc.string()), { maxLength: 4 }),
        (pairs, metadataPairs) => {
          const tensors = new Map(pairs);
          const metadata = Object.fromEntries(metadataPairs);
          const file = writeSafetensors(tensors, metadata);
          const read = readSafetensors(file);
          expect({ ...read.metadata }).toEqual(metadata);
          expect([...read.tensors.keys()].sort()).toEqual([...tensors.keys()].sort());
          for (const [name, { shape, data }] of tensors) {
            const got = read.tensors.get(name)!;
            expect(got.shape).toEqual(shape);
            expect(new Uint32Array(got.data.buffer)).toEqual(new Uint32Array(data.buffer));
          }
          expect(Number(new DataView(file.buffer).getBigUint64(0, true)) % 8).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('does not depend on insertion order', () => {
    const a = { shape: [2], data: Float32Array.of(1, 2) };
    const b = { shape: [], data: Float32Array.of(3) };
    const forward = writeSafetensors(
      new Map([
        ['a', a],
        ['b', b],
      ]),
      { x: '1', y: '2' },
    );
    const backward = writeSafetensors(
      new Map([
        ['b', b],
        ['a', a],
      ]),
      { y: '2', x: '1' },
    );
    expect(forward).toEqual(backward);
  });

  it('copies: the result does not change with the file, at any alignment', () => {
    const file = writeSafetensors(new Map([['a', { shape: [3], data: Float32Array.of(1, 2, 3) }]]));
    const shifted = new Uint8Array(file.length + 1).subarray(1);
    shifted.set(file);
    const { tensors } = readSafetensors(shifted);
    shifted.fill(0);
    expect([...tensors.get('a')!.data]).toEqual([1, 2, 3]);
  });
});

describe('dtypes', () => {
  const cases: [string, number[], number[]][] = [
    [
      'F16',
      [0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00, 0x7e00],
      [1, -2, 65504, 2 ** -24, -0, Infinity, NaN],
    ],
    ['BF16', [0x3f80, 0xc040, 0x0000, 0x7f80], [1, -3, 0, Infinity]],
  ];
  it.each(cases)('%s', (dtype, bits, expected) => {
    const data = new Uint8Array(Uint16Array.from(bits).buffer);
    const header = `{"a":${entry(dtype, [bits.length], [0, data.length])}}`;
    expect([...readSafetensors(fileOf(header, data)).tensors.get('a')!.data]).toEqual(expected);
  });
  it('F64', () => {
    const data = new Uint8Array(Float64Array.of(0.1, -7).buffer);
    const header = `{"a":${entry('F64', [2], [0, 16])}}`;
    const read = readSafetensors(fileOf(header, data)).tensors.get('a')!.data;
    expect([...read]).toEqual([Math.fround(0.1), -7]);
  });
});

describe('refuses', () => {
  const four = new Uint8Array(4);
  const eight = new Uint8Array(8);
  const one = entry('F32', [1], [0, 4]);
  const cases: [string, Uint8Array, RegExp][] = [
    ['an empty file', new Uint8Array(0), /at least 8 bytes, got 0/],
    ['a header past the end', fileOf('{}', four, 1000n), /cut short/],
    ['a huge header length', fileOf('{}', four, 2n ** 63n), /not a safetensors file/],
    ['a header length of zero', fileOf('', four), /starts with "\{"/],
    ['a header that is not JSON', fileOf('{"a":'), /JSON/],
    [
      'a header that is not UTF-8',
      fileOf('{"a":1}', four).map((b, i) => (i === 9 ? 0xff : b)),
      /JSON and UTF-8/,
    ],
    ['a header that is an array', fileOf('[]'), /starts with/],
    ['an entry that is not an object', fileOf('{"a":3}'), /tensor "a" to be an object/],
    ['a null entry', fileOf('{"a":null}'), /tensor "a" to be an object/],
    ['an unknown dtype', fileOf(`{"a":${entry('I64', [1], [0, 8])}}`, eight), /dtype .*got I64/],
    ['a missing dtype', fileOf('{"a":{"shape":[1],"data_offsets":[0,4]}}', four), /got undefined/],
    [
      'a dtype named like a method',
      fileOf(`{"a":${entry('constructor', [1], [0, 4])}}`, four),
      /dtype/,
    ],
    [
      'a missing shape',
      fileOf('{"a":{"dtype":"F32","data_offsets":[0,4]}}', four),
      /shape of tensor "a"/,
    ],
    ['a negative size', fileOf(`{"a":${entry('F32', [-1], [0, 4])}}`, four), /whole numbers/],
    ['a fractional size', fileOf(`{"a":${entry('F32', [0.5], [0, 2])}}`, four), /whole numbers/],
    ['an unsafe size', fileOf(`{"a":${entry('F32', [2 ** 60], [0, 4])}}`, four), /whole numbers/],
    [
      'an overflowing product',
      fileOf(`{"a":${entry('F32', [2 ** 52, 2 ** 52], [0, 4])}}`, four),
      /bytes for tensor/,
    ],
    [
      'a large shape without data',
      fileOf(`{"a":${entry('F32', [1e9], [0, 4e9])}}`, four),
      /cut short/,
    ],
    [
      'too few bytes for the shape',
      fileOf(`{"a":${entry('F32', [2], [0, 4])}}`, four),
      /8 bytes .* got 4/,
    ],
    ['offsets reversed', fileOf(`{"a":${entry('F32', [1], [4, 0])}}`, four), /\[begin, end\]/],
    ['one offset', fileOf(`{"a":${entry('F32', [1], [0])}}`, four), /\[begin, end\]/],
    ['overlap', fileOf(`{"a":${one},"b":${one}}`, four), /no holes, no overlap/],
    ['a hole', fileOf(`{"a":${entry('F32', [1], [4, 8])}}`, eight), /begin at byte 0/],
    ['bytes left over', fileOf(`{"a":${one}}`, eight), /4 data bytes in all, got 8/],
    ['__proto__ as a tensor', fileOf(`{"__proto__":${one}}`, four), /safe name/],
    ['__proto__ in metadata', fileOf('{"__metadata__":{"__proto__":"x"}}'), /safe name/],
    ['metadata that is not text', fileOf('{"__metadata__":{"n":3}}'), /"n" to be a string/],
    ['metadata that is a list', fileOf('{"__metadata__":["x"]}'), /to be an object/],
    [
      'more than 100,000 entries',
      fileOf(`{${Array.from({ length: 100_001 }, (_, i) => `"${i}":0`).join(',')}}`),
      /at most 100000 entries/,
    ],
  ];
  it.each(cases)('%s', (_, file, message) => {
    expect(() => readSafetensors(file)).toThrow(message);
    expect(() => readSafetensors(file)).toThrow(/^\[safetensors\] expected .*, got /);
  });

  it('any mutated file with one clear error, or reads it whole', () => {
    const good = writeSafetensors(
      new Map([
        ['w', { shape: [2, 3], data: new Float32Array(6) }],
        ['b', { shape: [2], data: new Float32Array(2) }],
      ]),
      { d_model: '16' },
    );
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, value, cut) => {
        const mutant = good.slice(0, cut % 3 === 0 ? cut : good.length);
        if (at < mutant.length) mutant[at] = value;
        try {
          for (const { shape, data } of readSafetensors(mutant).tensors.values())
            expect(shape.reduce((product, size) => product * size, 1)).toBe(data.length);
        } catch (error) {
          expect((error as Error).message).toMatch(/^\[safetensors\] expected .*, got /);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    [
      'a wrong length',
      new Map([['a', { shape: [2], data: new Float32Array(3) }]]),
      /2 values .*got 3/,
    ],
    ['__proto__', new Map([['__proto__', { shape: [0], data: new Float32Array(0) }]]), /safe name/],
    [
      '__metadata__',
      new Map([['__metadata__', { shape: [0], data: new Float32Array(0) }]]),
      /reserved/,
    ],
  ])('to write %s', (_, tensors, message) => {
    expect(() => writeSafetensors(tensors)).toThrow(message);
  });
});

describe.each([
  ['realm_causal_small', 5_423],
  ['realm_bidirectional_small', 11_239],
  ['realm_causal_medium', 102_717],
])('golden file %s', (stem, parameterCount) => {
  const path = new URL(`${stem}.safetensors`, goldenFolder);
  const present = existsSync(path);
  it.skipIf(!present)(
    `reads whole${present ? '' : ' (SKIPPED: ../shared/golden is absent)'}`,
    () => {
      const { tensors, metadata } = readSafetensors(readFileSync(path));
      expect(metadata.flavour).toBe('realm');
      expect(tensors.get('input.lfp')!.shape).toEqual(
        [metadata.batch, metadata.n_channels, metadata.frames].map(Number),
      );
      let count = 0;
      for (const [name, { data }] of tensors) {
        if (name.startsWith('param.')) count += data.length;
        expect(data.every(Number.isFinite)).toBe(true);
      }
      expect(count).toBe(parameterCount);
      expect(readSafetensors(writeSafetensors(tensors, metadata))).toEqual({ tensors, metadata });
    },
  );
});
