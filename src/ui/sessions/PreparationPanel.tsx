// How recordings become frames, and which frames are for training, choosing and scoring.
import type { DataSettings, Preparation, SessionSummary } from '../../worker/recordingsApi';
import { changeData } from '../actions/sessions';
import { useClient } from '../clientContext';
import { FaultBox } from '../components/FaultBox';
import { Panel } from '../components/Panel';
import { formatCount, formatDuration, formatRate } from '../format';
import { runStore } from '../stores/runStore';
import { settingsStore } from '../stores/settingsStore';
import { usePromise } from '../usePromise';
import { NormaliseFields } from './NormaliseFields';
import { PowerBandsField } from './PowerBandsField';

const FOLDS = ['train', 'validation', 'test'] as const;

export function PreparationPanel({ session }: { session: SessionSummary }) {
  const client = useClient();
  const data = settingsStore((state) => state.data);
  const { value, fault } = usePromise(
    `${session.id} ${JSON.stringify(data)}`,
    () => client.prepare(session.id, data),
    `${session.name} cannot be prepared with these settings.`,
  );
  return (
    <Panel title="Front end and split" aside={<span className="dim small">for all sessions</span>}>
      <DataFields data={data} />
      {fault && <FaultBox fault={fault} />}
      {value && <Summary preparation={value} />}
      {!value && !fault && <p className="dim">Preparing …</p>}
    </Panel>
  );
}

function DataFields({ data }: { data: DataSettings }) {
  const isRunning = runStore((state) => state.status !== 'idle');
  return (
    <div className="row">
      <label className="stacked">
        Front end
        <select
          value={data.frontEnd}
          disabled={isRunning}
          onChange={(event) =>
            changeData({ frontEnd: event.target.value as DataSettings['frontEnd'] })
          }
        >
          <option value="realtime">realtime (causal)</option>
          <option value="offline-paper">offline-paper (zero-phase)</option>
        </select>
      </label>
      <label className="stacked">
        Mains
        <select
          value={data.notchHz}
          disabled={isRunning}
          onChange={(event) =>
            changeData({ notchHz: Number(event.target.value) as DataSettings['notchHz'] })
          }
        >
          <option value={60}>60 Hz notch</option>
          <option value={50}>50 Hz notch</option>
          <option value={0}>no notch</option>
        </select>
      </label>
      <label className="stacked">
        Reference
        <select
          value={data.reference ?? 'average'}
          disabled={isRunning}
          onChange={(event) =>
            changeData({ reference: event.target.value as DataSettings['reference'] })
          }
        >
          <option value="average">common average</option>
          <option value="bipolar">bipolar neighbours</option>
          <option value="none">none</option>
        </select>
      </label>
      <PowerBandsField data={data} disabled={isRunning || data.frontEnd !== 'realtime'} />
      <NormaliseFields data={data} disabled={isRunning} />
      <label className="stacked">
        Split
        <select
          value={data.split}
          disabled={isRunning}
          onChange={(event) => changeData({ split: event.target.value as DataSettings['split'] })}
        >
          <option value="contiguous">contiguous, 5 s guard</option>
          <option value="random-5s">random 5 s segments</option>
        </select>
      </label>
      <label className="small">
        <input
          type="checkbox"
          checked={data.behaviourAsVelocity}
          disabled={isRunning}
          onChange={(event) => changeData({ behaviourAsVelocity: event.target.checked })}
        />
        behaviour is a position: decode its velocity
      </label>
    </div>
  );
}

function Summary({ preparation }: { preparation: Preparation }) {
  const {
    frameCount,
    frameRateHz,
    frontEnd,
    importedThrough,
    groupDelayMs,
    bandDelaysMs,
    folds,
    splitText,
  } = preparation;
  const delay = importedThrough
    ? `${importedText(importedThrough)}; ${
        importedThrough.kind === 'offline-paper'
          ? 'its filters look ahead: not for live use'
          : `group delay ${groupDelayMs.toFixed(1)} ms at 10 Hz${powersText(bandDelaysMs)}`
      }.`
    : frontEnd === 'none'
      ? 'The file holds frames already: no front end.'
      : frontEnd === 'realtime'
        ? `Group delay ${groupDelayMs.toFixed(1)} ms at 10 Hz${powersText(bandDelaysMs)}; no frame depends on a later sample.`
        : 'Zero-phase filters look ahead: the model is causal, the front end is not. Not for live use.';
  return (
    <div className="stack" style={{ gap: '0.5rem' }}>
      <p className="small">
        {formatCount(frameCount)} frames at {formatRate(frameRateHz)} (
        {formatDuration(frameCount / frameRateHz)}). {delay}
      </p>
      <div className="folds" role="img" aria-label={`Folds over the session: ${splitText}`}>
        {FOLDS.flatMap((fold) =>
          folds[fold].map(({ start, end }) => (
            <i
              key={`${fold} ${start}`}
              className={`fold-${fold}`}
              style={{
                left: `${(100 * start) / frameCount}%`,
                width: `${(100 * (end - start)) / frameCount}%`,
              }}
            />
          )),
        )}
      </div>
      <p className="small dim">
        {FOLDS.map((fold) => (
          <span key={fold} style={{ marginRight: '1rem' }}>
            <i className={`swatch fold-${fold}`} />
            {fold} {percentOf(folds[fold], frameCount)}
          </span>
        ))}
        {splitText}
      </p>
    </div>
  );
}

function powersText(bandDelaysMs: readonly number[]): string {
  if (bandDelaysMs.length === 0) return '';
  return `, of the band powers ${bandDelaysMs.map((delayMs) => delayMs.toFixed(0)).join(', ')} ms`;
}

function importedText({ kind, notchHz }: NonNullable<Preparation['importedThrough']>): string {
  const notch = notchHz === 0 ? 'no notch' : `a ${notchHz} Hz notch`;
  return `Made on import by the ${kind} front end with ${notch}`;
}

function percentOf(ranges: readonly { start: number; end: number }[], frameCount: number): string {
  const frames = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  return `${Math.round((100 * frames) / frameCount)} %`;
}
