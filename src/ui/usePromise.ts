// The answer to a question that is asked again when its key changes.
import { useEffect, useState } from 'react';
import { type Fault, faultOf } from '../base/fault';

export interface Answer<T> {
  /** The newest value; the previous one stays while the next is on its way. */
  value?: T;
  fault?: Fault;
}

/**
 * @param ask called when `key` changes
 * @param what the sentence that a failure begins with
 */
export function usePromise<T>(key: string, ask: () => Promise<T>, what: string): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T>>({});
  // The key stands for what `ask` closes over, which is new at every render.
  useEffect(() => {
    let isCurrent = true;
    ask().then(
      (value) => isCurrent && setAnswer({ value }),
      (error) => isCurrent && setAnswer({ fault: faultOf(what, error) }),
    );
    return () => {
      isCurrent = false;
    };
  }, [key]);
  return answer;
}
