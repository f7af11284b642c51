/** When a recording's clock read 0, as its file states it. */

export interface RecordingStart {
  /** Milliseconds since 1970; where the file states no time zone, its local time read as UTC. */
  readonly utcMs: number;
  readonly isZoneStated: boolean;
  /** Finest step that the file can state. */
  readonly resolutionS: number;
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?/;

/**
 * @param text ISO 8601 with a date and a time
 * @returns undefined for anything else
 */
export function startOfText(text: string): RecordingStart | undefined {
  const found = ISO.exec(text);
  if (!found) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number);
  const [fraction = '', zone] = found.slice(7);
  const local = startOfFields(
    [year, month, day, hour, minute, second, 1000 * Number(`0${fraction}`)],
    {
      isZoneStated: zone !== undefined,
      resolutionS: fraction.length > 1 ? 10 ** (1 - fraction.length) : 1,
    },
  );
  return local && { ...local, utcMs: local.utcMs - 60_000 * zoneMinutes(zone) };
}

/**
 * @param fields year, month (from 1), day, hour, minute, second and perhaps milliseconds
 * @returns undefined where they are no date, such as all zero
 */
export function startOfFields(
  [year, month, day, hour, minute, second, ms = 0]: readonly number[],
  stated: Pick<RecordingStart, 'isZoneStated' | 'resolutionS'>,
): RecordingStart | undefined {
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const isDate =
    year >= 1900 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24;
  return isDate ? { utcMs: date.getTime() + ms, ...stated } : undefined;
}

function zoneMinutes(zone: string | undefined): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(zone ?? '') ?? [];
  return sign ? Number(`${sign}1`) * (60 * Number(hours) + Number(minutes)) : 0;
}
