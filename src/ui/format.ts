// Numbers as people read them.

const NO_VALUE = '–';

export function formatDuration(seconds: number | undefined): string {
  if (seconds === undefined || !Number.isFinite(seconds)) return NO_VALUE;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export function formatRate(rateHz: number): string {
  if (rateHz >= 1000) return `${trim(rateHz / 1000)} kHz`;
  return `${trim(rateHz)} Hz`;
}

/** Thousands with a thin space: 12 345. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** Decimal multiples, as disks are sold: 12.3 MB. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${units[unit]}`;
}

export function formatScore(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? NO_VALUE : value.toFixed(3);
}

export function formatLoss(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return NO_VALUE;
  return Math.abs(value) >= 0.001 && Math.abs(value) < 1000
    ? value.toPrecision(3)
    : value.toExponential(1);
}

export function formatMs(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return NO_VALUE;
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} ms`;
}

/** A unit as it is printed: files and keyboards write u for µ. */
export function shownUnit(unit: string): string {
  return unit.replace(/\bu(?=[A-Z]|[ms]\b)/g, 'µ');
}

/** `velocity x (cm/s)`, or the name alone when there is no unit. */
export function withUnit(name: string, unit: string | undefined): string {
  return unit ? `${name} (${shownUnit(unit)})` : name;
}

function trim(value: number): string {
  return Number(value.toFixed(2)).toString();
}
