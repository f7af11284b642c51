// The settings of one stage; a changed one can be set back to the preset's.
import { useId } from 'react';
import type { Stage } from '../../train/events';
import type { ChoiceInfo, NumberInfo, SettingInfo } from '../../worker/trainingApi';
import { changeOverride } from '../actions/training';
import { settingsStore } from '../stores/settingsStore';

interface SettingFieldsProps {
  stage: Stage;
  settings: readonly SettingInfo[];
  isLocked: boolean;
}

interface FieldProps<T extends SettingInfo> {
  stage: Stage;
  setting: T;
  isLocked: boolean;
}

export function SettingFields({ stage, settings, isLocked }: SettingFieldsProps) {
  return (
    <div className="fields">
      {settings.map((setting) => {
        const shared = { stage, isLocked };
        return setting.kind === 'number' ? (
          <NumberField key={setting.name} setting={setting} {...shared} />
        ) : (
          <ChoiceField key={setting.name} setting={setting} {...shared} />
        );
      })}
    </div>
  );
}

function NumberField({ stage, setting, isLocked }: FieldProps<NumberInfo>) {
  const id = useId();
  const { name, unit, hint, value, minimum, maximum, isInteger } = setting;
  const current = settingsStore((state) => state.overrides[stage][name]);
  return (
    <div className="stacked" title={hint}>
      <Caption id={id} stage={stage} setting={setting} unit={unit} isLocked={isLocked} />
      <input
        id={id}
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
    </div>
  );
}

function ChoiceField({ stage, setting, isLocked }: FieldProps<ChoiceInfo>) {
  const id = useId();
  const { name, hint, value, choices } = setting;
  const current = settingsStore((state) => state.overrides[stage][name]);
  return (
    <div className="stacked wide">
      <Caption id={id} stage={stage} setting={setting} isLocked={isLocked} />
      <select
        id={id}
        value={current ?? value}
        disabled={isLocked}
        onChange={({ target }) =>
          changeOverride(stage, name, target.value === value ? undefined : target.value)
        }
      >
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.label}
          </option>
        ))}
      </select>
      <p>{hint}</p>
    </div>
  );
}

interface CaptionProps extends FieldProps<SettingInfo> {
  id: string;
  unit?: string;
}

/** The button is no part of the label: a click on the text would press it, and it would be what the label names. */
function Caption({ id, stage, setting: { name, label, value }, unit, isLocked }: CaptionProps) {
  const isChanged = settingsStore((state) => state.overrides[stage][name] !== undefined);
  return (
    <span>
      <label htmlFor={id}>{unit ? `${label} (${unit})` : label}</label>{' '}
      {isChanged && (
        <button
          type="button"
          className="quiet"
          title={`Set back to ${value}`}
          disabled={isLocked}
          onClick={() => changeOverride(stage, name, undefined)}
        >
          ↺
        </button>
      )}
    </span>
  );
}
