// Ctrl-C: the first asks the running command to stop where it can be resumed, the second ends the process at once.

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

export interface Interruption {
  /** Exit code of the signal that asked to stop; undefined until then. */
  readonly exitCode: number | undefined;
  release(): void;
}

/** @param onFirst told once, when the first signal arrives */
export function catchInterrupts(onFirst: () => void): Interruption {
  let exitCode: number | undefined;
  const handlers = Object.entries(EXIT_CODES).map(([signal, code]) => {
    const handler = (): void => {
      if (exitCode !== undefined) process.exit(code);
      exitCode = code;
      onFirst();
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  return {
    get exitCode() {
      return exitCode;
    },
    release() {
      for (const [signal, handler] of handlers) process.off(signal, handler);
    },
  };
}
