// The few functions of plotly that the page calls; the package brings no types.
declare module 'plotly.js-cartesian-dist-min' {
  export function react(
    host: HTMLElement,
    traces: Record<string, unknown>[],
    layout: Record<string, unknown>,
    config?: Record<string, unknown>,
  ): Promise<void>;
  export function purge(host: HTMLElement): void;
}
