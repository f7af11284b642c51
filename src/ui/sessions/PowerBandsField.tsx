// Which bands' powers follow the LFP, as a person types them.
import { useState } from 'react';
import { bandText, parseBand } from '../../base/bandText';
import type { DataSettings } from '../../worker/recordingsApi';
import { changeData } from '../actions/sessions';

const HINT =
  'Low-high in Hz, such as 8-13 13-30 70-150. Log powers beside the LFP; no part of REALM.';

export function PowerBandsField({ data, disabled }: { data: DataSettings; disabled: boolean }) {
  const kept = (data.powerBandsHz ?? []).map(bandText).join(' ');
  const [text, setText] = useState(kept);
  const words = text.split(/[\s,]+/).filter(Boolean);
  const bands = words.map(parseBand);
  const wrong = words.filter((_, i) => !bands[i]);
  const commit = () => {
    const known = bands.filter((band) => band !== undefined);
    if (wrong.length === 0 && words.join(' ') !== kept) changeData({ powerBandsHz: known });
  };
  return (
    <label className="stacked" title={HINT}>
      Band powers (Hz)
      <input
        type="text"
        value={text}
        placeholder="none"
        disabled={disabled}
        aria-invalid={wrong.length > 0}
        onChange={(event) => setText(event.target.value)}
        onBlur={commit}
        onKeyDown={(event) => event.key === 'Enter' && commit()}
      />
      {wrong.length > 0 && (
        <span className="small">{wrong.join(' ')}: write low-high, such as 70-150</span>
      )}
    </label>
  );
}
