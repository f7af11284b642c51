/** Channels of one recording put into series: voltages, behaviour, and the rest, each with one unit. */
import { kindOfName, microvoltsPer } from './seriesKinds';

export interface ColumnGroup {
  readonly path: string;
  readonly kind: 'lfp' | 'behaviour' | 'unknown';
  /** `uV` for electrodes. */
  readonly unit: string;
  /** Indices of the channels. */
  readonly columns: number[];
  /** Factor from the channel's own unit to the group's. */
  gainOf(column: number): number;
}

/** Amplified electrodes are stored in microvolts or less; larger units are sensors on analog inputs. */
const ELECTRODE_UNIT_UV = 1;

/**
 * A channel is behaviour by its name, LFP by its unit or name, and otherwise an auxiliary input.
 * @param isElectrodeByDefault when the format is for electrodes only, so that any voltage is LFP
 */
export function columnGroups(
  channels: readonly { readonly name: string; readonly unit: string }[],
  isElectrodeByDefault = false,
): ColumnGroup[] {
  const groups = new Map<string, { kind: ColumnGroup['kind']; unit: string; columns: number[] }>();
  channels.forEach(({ name, unit }, c) => {
    const microvolts = microvoltsPer(unit);
    const named = kindOfName(name);
    const isElectrode =
      named === 'lfp' ||
      (microvolts !== undefined && (isElectrodeByDefault || microvolts <= ELECTRODE_UNIT_UV));
    const kind = named === 'behaviour' ? 'behaviour' : isElectrode ? 'lfp' : 'unknown';
    const groupUnit = kind === 'lfp' && microvolts !== undefined ? 'uV' : unit;
    const key = kind === 'lfp' ? `lfp ${groupUnit}` : `${kind} ${unit}`;
    const group = groups.get(key) ?? { kind, unit: groupUnit, columns: [] };
    group.columns.push(c);
    groups.set(key, group);
  });
  const titles = { lfp: 'electrodes', behaviour: 'behaviour', unknown: 'auxiliary' };
  const all = [...groups.values()];
  return all.map(({ kind, unit, columns }) => {
    const isOnly = all.filter((other) => other.kind === kind).length === 1;
    return {
      path: isOnly ? titles[kind] : `${titles[kind]} (${unit || 'no unit'})`,
      kind,
      unit,
      columns,
      gainOf: (c) => (unit === 'uV' ? (microvoltsPer(channels[c].unit) ?? 1) : 1),
    };
  });
}
