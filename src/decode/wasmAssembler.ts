// A WebAssembly module from expressions: as much of the binary format as the decoder's kernels need, and no more.
// Opcodes and sections: WebAssembly Core Specification 2.0, section 5 (binary format).

/** Encoded instructions. Expressions leave one value on the stack, statements none. */
export type Code = readonly number[];

export type ValueType = 'i32' | 'v128';

/** A local variable or parameter of the function that is being built. */
export interface Local {
  readonly index: number;
}

export interface FunctionSource {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly locals: readonly ValueType[];
  /** Gets the parameters, then the locals. */
  readonly body: (...variables: readonly Local[]) => Code;
}

const VALUE_TYPE: Readonly<Record<ValueType, number>> = { i32: 0x7f, v128: 0x7b };

/** LEB128, unsigned. */
function unsigned(value: number): Code {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = rest & 0x7f;
    rest >>>= 7;
    if (rest === 0) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

/** LEB128, signed: constants carry their sign in the last byte. */
function signed(value: number): Code {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isDone = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    if (isDone) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

/** Vector instructions: a prefix byte, then the number in LEB128. */
const vector = (opcode: number): Code => [0xfd, ...unsigned(opcode)];

const text = (value: string): Code => [
  ...unsigned(value.length),
  ...[...value].map((letter) => letter.charCodeAt(0)),
];

export const get = ({ index }: Local): Code => [0x20, ...unsigned(index)];
export const set = ({ index }: Local, value: Code): Code => [...value, 0x21, ...unsigned(index)];
export const integer = (value: number): Code => [0x41, ...signed(value)];
export const plus = (a: Code, b: Code): Code => [...a, ...b, 0x6a];
export const times = (a: Code, b: Code): Code => [...a, ...b, 0x6c];

/** Adds a number of bytes to an address. */
export const advance = (local: Local, bytes: number): Code =>
  set(local, plus(get(local), integer(bytes)));

/** Runs the body as often as the counter says, at least once; leaves the counter at 0. */
export const repeat = (counter: Local, body: Code): Code => [
  ...[0x03, 0x40],
  ...body,
  ...plus(get(counter), integer(-1)),
  ...[0x22, ...unsigned(counter.index)],
  ...[0x0d, 0x00],
  0x0b,
];

/** Four floats at an address that is a multiple of 16, plus a constant number of bytes. */
export const load4 = (address: Local, offset = 0): Code => [
  ...get(address),
  ...vector(0x00),
  ...[0x04, ...unsigned(offset)],
];
export const store4 = (address: Local, offset: number, value: Code): Code => [
  ...get(address),
  ...value,
  ...vector(0x0b),
  ...[0x04, ...unsigned(offset)],
];
/** One float into all four lanes. */
export const splat = (address: Local): Code => [...get(address), ...vector(0x09), 0x02, 0x00];
export const zero4: Code = [...vector(0x0c), ...new Array<number>(16).fill(0)];
export const add4 = (a: Code, b: Code): Code => [...a, ...b, ...vector(0xe4)];
export const multiply4 = (a: Code, b: Code): Code => [...a, ...b, ...vector(0xe6)];

/** Stores (lane 0 + lane 1) + (lane 2 + lane 3) as one float. */
export function storeSum(address: Local, value: Local): Code {
  const lane = (i: number): Code => [...get(value), ...vector(0x1f), i];
  const add = (a: Code, b: Code): Code => [...a, ...b, 0x92];
  const sum = add(add(lane(0), lane(1)), add(lane(2), lane(3)));
  return [...get(address), ...sum, ...[0x38, 0x02, 0x00]];
}

const list = (items: readonly Code[]): Code => [...unsigned(items.length), ...items.flat()];
const sized = (bytes: Code): Code => [...unsigned(bytes.length), ...bytes];
const section = (id: number, items: readonly Code[]): Code => [id, ...sized(list(items))];

/** A module that exports the functions by name and imports its memory as `memory.memory`. */
export function assemble(functions: readonly FunctionSource[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }): Code => {
    return [0x60, ...list(parameters.map((type) => [VALUE_TYPE[type]])), ...list([])];
  });
  const memory: Code = [...text('memory'), ...text('memory'), 0x02, 0x00, 0x00];
  const bodies = functions.map(({ parameters, locals, body }): Code => {
    const variables = [...parameters, ...locals].map((_, index): Local => ({ index }));
    const declared = list(locals.map((type) => [0x01, VALUE_TYPE[type]]));
    return sized([...declared, ...body(...variables), 0x0b]);
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, types),
    ...section(2, [memory]),
    ...section(
      3,
      functions.map((_, i) => unsigned(i)),
    ),
    ...section(
      7,
      functions.map(({ name }, i) => [...text(name), 0x00, ...unsigned(i)]),
    ),
    ...section(10, bodies),
  ]);
}
