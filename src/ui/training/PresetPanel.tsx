// Which sizes and schedules: preset, seed, and the numbers behind them, folded away.
import type { Stage } from '../../train/events';
import { choosePreset, rollSeed } from '../actions/training';
import { Panel } from '../components/Panel';
import { runStore } from '../stores/runStore';
import { settingsStore } from '../stores/settingsStore';
import { SettingFields } from './SettingFields';

const STAGE_NAMES: Record<Stage, string> = {
  teacher: 'Pretraining',
  student: 'Distillation',
  finetune: 'Fine-tuning',
};

export function PresetPanel({ stages }: { stages: readonly Stage[] }) {
  const presets = runStore((state) => state.presets);
  const isRunning = runStore((state) => state.status !== 'idle');
  const { preset: chosen, seed, overrides } = settingsStore();
  const preset = presets.find(({ name }) => name === chosen);
  const changedCount = stages.reduce((sum, stage) => sum + Object.keys(overrides[stage]).length, 0);
  return (
    <Panel
      title="Settings"
      aside={
        preset && !preset.isPaperScale && <span className="chip caution">not paper scale</span>
      }
    >
      <label className="stacked">
        Preset
        <select
          value={chosen}
          disabled={isRunning}
          onChange={(event) => choosePreset(event.target.value)}
        >
          {presets.map(({ name, title, isPaperScale }) => (
            <option key={name} value={name}>
              {title}
              {isPaperScale ? '' : ' (not paper scale)'}
            </option>
          ))}
        </select>
      </label>
      {preset && <p className="small dim">{preset.note}</p>}
      <div className="row">
        <label className="stacked">
          Seed
          <input
            type="number"
            min={0}
            max={4294967295}
            step={1}
            value={seed}
            disabled={isRunning}
            onChange={(event) => {
              const value = event.target.valueAsNumber;
              if (Number.isInteger(value) && value >= 0) settingsStore.setState({ seed: value });
            }}
          />
        </label>
        <button
          type="button"
          style={{ alignSelf: 'end' }}
          disabled={isRunning}
          title="A new random seed; the same seed repeats a run to the bit on this adapter"
          onClick={rollSeed}
        >
          Re-roll
        </button>
      </div>
      {preset && (
        <details>
          <summary>
            Advanced{' '}
            {changedCount > 0 && <span className="chip caution">{changedCount} changed</span>}
          </summary>
          {stages.map((stage) => (
            <fieldset key={stage} style={{ marginTop: '0.8rem' }}>
              <legend>{STAGE_NAMES[stage]}</legend>
              <SettingFields stage={stage} settings={preset.settings[stage]} isLocked={isRunning} />
            </fieldset>
          ))}
        </details>
      )}
    </Panel>
  );
}
