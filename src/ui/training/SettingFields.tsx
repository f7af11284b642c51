// The numbers of one stage; a changed one can be set back to the preset's.
import type { Stage } from '../../train/events';
import type { SettingInfo } from '../../worker/api';
import { changeOverride } from '../actions/training';
import { settingsStore } from '../stores/settingsStore';

interface SettingFieldsProps {
  stage: Stage;
  settings: readonly SettingInfo[];
  isLocked: boolean;
}

export function SettingFields({ stage, settings, isLocked }: SettingFieldsProps) {
  const overrides = settingsStore((state) => state.overrides[stage]);
  return (
    <div className="fields">
      {settings.map((setting) => {
        const { name, label, unit, hint, value, minimum, maximum, isInteger } = setting;
        const current = overrides[name];
        return (
          <label key={name} className="stacked" title={hint}>
            <span>
              {label}
              {unit && ` (${unit})`}{' '}
              {current !== undefined && (
                <button
                  type="button"
                  className="quiet"
                  title={`Set back to ${value}`}
                  onClick={() => changeOverride(stage, name, undefined)}
                >
                  ↺
                </button>
              )}
            </span>
            <input
              type="number"
              min={minimum}
              max={maximum}
              step={isInteger ? 1 : 'any'}
              value={current ?? value}
              disabled={isLocked}
              onChange={(event) => {
                const typed = event.target.valueAsNumber;
                if (!(typed >= minimum && typed <= maximum)) return;
                if (isInteger && !Number.isInteger(typed)) return;
                changeOverride(stage, name, typed === value ? undefined : typed);
              }}
            />
          </label>
        );
      })}
    </div>
  );
}
