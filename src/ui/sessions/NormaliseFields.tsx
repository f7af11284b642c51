// Whether the LFP is normalised by the training fold or by a running z-score, and how slow that is.
import { useState } from 'react';
import type { DataSettings } from '../../worker/recordingsApi';
import { changeData } from '../actions/sessions';

const USUAL_S = 30;
const LEAST_S = 1;

const HINT =
  'Running: mean and deviation follow the frames before each one, from those of the training fold on. For recordings that drift.';

export function NormaliseFields({ data, disabled }: { data: DataSettings; disabled: boolean }) {
  const { runningZScoreS } = data;
  return (
    <>
      <label className="stacked" title={HINT}>
        Normalise
        <select
          value={runningZScoreS === undefined ? 'training' : 'running'}
          disabled={disabled}
          onChange={(event) =>
            changeData({ runningZScoreS: event.target.value === 'running' ? USUAL_S : undefined })
          }
        >
          <option value="training">by the training fold</option>
          <option value="running">running z-score</option>
        </select>
      </label>
      {runningZScoreS !== undefined && (
        <TimeConstant seconds={runningZScoreS} disabled={disabled} />
      )}
    </>
  );
}

function TimeConstant({ seconds, disabled }: { seconds: number; disabled: boolean }) {
  const [text, setText] = useState(String(seconds));
  const typed = text.trim() === '' ? Number.NaN : Number(text);
  const isWrong = !(typed >= LEAST_S && Number.isFinite(typed));
  const commit = () => {
    if (!isWrong && typed !== seconds) changeData({ runningZScoreS: typed });
  };
  return (
    <label className="stacked" title="After this time an old frame weighs 1/e.">
      Time constant (s)
      <input
        type="text"
        inputMode="decimal"
        size={5}
        value={text}
        disabled={disabled}
        aria-invalid={isWrong}
        onChange={(event) => setText(event.target.value)}
        onBlur={commit}
        onKeyDown={(event) => event.key === 'Enter' && commit()}
      />
      {isWrong && <span className="small">write seconds, at least {LEAST_S}</span>}
    </label>
  );
}
