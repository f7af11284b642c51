// Dawn in Node looks for finished work again and again by setImmediate, for as long as anything is awaited. That keeps a
// core busy, which a software adapter computes on: with two cores everything takes twice as long.

/** What is done by then is answered without delay. */
const EAGER_MS = 0.2;
const PAUSE_MS = 1;

type Immediate = (callback: () => void) => unknown;

let isPaced = false;

/** From now on Dawn pauses between two looks when work takes long. For Node on a software adapter. */
export function paceDawnPolling(): void {
  if (isPaced) return;
  isPaced = true;
  Object.assign(globalThis, { setImmediate: paced(globalThis.setImmediate) });
}

/** `immediately`, but for what native code schedules again and again. Its properties are kept: Node's has some. */
export function paced<T extends Immediate>(immediately: T): T {
  let isLooking = false;
  let awaitedSinceMs = 0;
  const schedule = (callback: () => void, ...rest: []): unknown => {
    if (!isNative(callback)) return immediately(callback, ...rest);
    // Asked for by a look, it is the next one for the same work.
    if (!isLooking) awaitedSinceMs = performance.now();
    const look = (): void => {
      isLooking = true;
      try {
        callback(...rest);
      } finally {
        isLooking = false;
      }
    };
    const isLong = performance.now() - awaitedSinceMs > EAGER_MS;
    return isLong ? setTimeout(look, PAUSE_MS) : immediately(look);
  };
  return Object.assign(schedule, immediately) as unknown as T;
}

/** Dawn's own callback, of all that the process may schedule; bound functions of JavaScript print alike. */
const isNative = (callback: () => void): boolean =>
  Function.prototype.toString.call(callback).includes('[native code]') &&
  !callback.name.startsWith('bound ');
