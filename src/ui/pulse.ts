// A signal without content: "the series have changed, draw them again".

export interface Pulse {
  /** @returns the function that ends the subscription */
  subscribe(draw: () => void): () => void;
  emit(): void;
}

export function createPulse(): Pulse {
  const drawers = new Set<() => void>();
  return {
    subscribe(draw) {
      drawers.add(draw);
      return () => drawers.delete(draw);
    },
    emit() {
      for (const draw of drawers) draw();
    },
  };
}
