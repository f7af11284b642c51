// The value of a promise that is asked again when its key changes.
import { useEffect, useState } from 'react';
import { faultOf } from '../base/fault';
import { showFault } from './actions/faults';

/**
 * @param ask called when `key` changes; undefined key asks nothing
 * @param what the sentence shown when it fails
 * @returns the newest value; the previous one stays while the next is on its way
 */
export function usePromise<T>(
  key: string | undefined,
  ask: () => Promise<T>,
  what: string,
): T | undefined {
  const [value, setValue] = useState<T>();
  // The key stands for what `ask` closes over, which is new at every render.
  useEffect(() => {
    if (key === undefined) {
      setValue(undefined);
      return;
    }
    let isCurrent = true;
    ask().then(
      (found) => isCurrent && setValue(() => found),
      (error) => {
        if (!isCurrent) return;
        setValue(undefined);
        showFault(faultOf(what, error));
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [key]);
  return value;
}
