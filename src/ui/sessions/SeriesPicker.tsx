// Chooses the LFP and behaviour series of a file that has several candidates.
import { useState } from 'react';
import type { SeriesInfo } from '../../data/formats/fileFormat';
import type { OpenedFile } from '../../worker/api';
import { chooseSeries, dropFile } from '../actions/sessions';
import { useClient } from '../clientContext';
import { Panel } from '../components/Panel';
import { formatRate } from '../format';

export function SeriesPicker({ file }: { file: OpenedFile }) {
  const client = useClient();
  const [lfp, setLfp] = useState(file.proposal.lfp);
  const [behaviour, setBehaviour] = useState<readonly string[]>(file.proposal.behaviour ?? []);
  const [rateHz, setRateHz] = useState<Readonly<Record<string, number>>>({});
  const chosen = file.series.filter(({ path }) => path === lfp || behaviour.includes(path));
  const rateless = chosen.filter((series) => series.rateHz === undefined);
  const isComplete = rateless.every(({ path }) => rateHz[path] > 0);
  const lfpSeries = file.series.filter(({ kind }) => kind !== 'behaviour');
  const behaviourSeries = file.series.filter(({ kind, path }) => kind !== 'lfp' && path !== lfp);
  const toggle = (path: string) =>
    setBehaviour((chosen) =>
      chosen.includes(path) ? chosen.filter((one) => one !== path) : [...chosen, path],
    );
  return (
    <Panel
      title={`Choose series: ${file.fileName}`}
      aside={<span className="chip">{file.format.toUpperCase()}</span>}
    >
      {file.reasons.length > 0 && <p className="dim small">{file.reasons.join(' ')}</p>}
      <div className="columns">
        <fieldset>
          <legend>LFP series</legend>
          <div className="choices">
            {lfpSeries.map((series) => (
              <label key={series.path}>
                <input
                  type="radio"
                  name={`lfp-${file.token}`}
                  checked={lfp === series.path}
                  onChange={() => setLfp(series.path)}
                />
                <SeriesText series={series} />
              </label>
            ))}
          </div>
        </fieldset>
        <fieldset>
          <legend>Behaviour series (none: usable for pretraining only)</legend>
          <div className="choices">
            {behaviourSeries.map((series) => (
              <label key={series.path}>
                <input
                  type="checkbox"
                  checked={behaviour.includes(series.path)}
                  onChange={() => toggle(series.path)}
                />
                <SeriesText series={series} />
              </label>
            ))}
            {behaviourSeries.length === 0 && <span className="dim">No other series.</span>}
          </div>
        </fieldset>
      </div>
      {rateless.map(({ path }) => (
        <label key={path}>
          {path} states no rate. It was sampled at
          <input
            type="number"
            min={0}
            step="any"
            onChange={(event) => setRateHz({ ...rateHz, [path]: event.target.valueAsNumber })}
          />
          Hz
        </label>
      ))}
      <div className="row">
        <button
          type="button"
          className="primary"
          disabled={!isComplete}
          onClick={() =>
            void chooseSeries(client, file, { lfp, behaviour: [...behaviour], rateHz })
          }
        >
          Add this recording
        </button>
        <button type="button" onClick={() => void dropFile(client, file)}>
          Leave it out
        </button>
      </div>
    </Panel>
  );
}

function SeriesText({ series }: { series: SeriesInfo }) {
  const facts = [
    series.shape.join(' × '),
    series.rateHz === undefined ? undefined : formatRate(series.rateHz),
    series.unit,
    series.note,
  ].filter(Boolean);
  return (
    <span>
      <b>{series.path}</b>
      <br />
      <span className="dim small">{facts.join(', ')}</span>
    </span>
  );
}
