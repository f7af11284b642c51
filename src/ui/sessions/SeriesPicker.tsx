// Chooses the LFP and behaviour series of a file that has several candidates.
import { useState } from 'react';
import type { SeriesInfo } from '../../data/formats/fileFormat';
import type { Mapping, SeriesMapping } from '../../data/mapping';
import { isSameShape } from '../../data/sameShape';
import type { OpenedFile } from '../../worker/recordingsApi';
import { chooseSeries, dropFile } from '../actions/adding';
import { useClient } from '../clientContext';
import { Panel } from '../components/Panel';
import { formatRate, shownUnit } from '../format';
import { sessionStore } from '../stores/sessionStore';
import { mappingLines } from './mappingText';
import { SeriesAlignment } from './SeriesAlignment';
import { SeriesDetails } from './SeriesDetails';

export function SeriesPicker({ file }: { file: OpenedFile }) {
  const client = useClient();
  const { opened, busy } = sessionStore();
  const [mapping, setMapping] = useState(file.proposal);
  const { lfp, behaviour } = mapping;
  const chosen = [lfp, ...behaviour];
  const infoOf = (path: string) => file.series.find((series) => series.path === path)!;
  const isComplete = chosen.every(
    ({ path, columns, rateHz = infoOf(path).rateHz }) =>
      rateHz !== undefined && rateHz > 0 && columns?.length !== 0,
  );
  const lfpSeries = file.series.filter(({ kind }) => kind !== 'behaviour');
  const behaviourSeries = file.series.filter(
    ({ kind, path }) => kind !== 'lfp' && path !== lfp.path,
  );
  // Events are those of one recording.
  const isMeasured = behaviour.some(({ alignedBy }) => alignedBy?.by === 'events');
  const alike = opened.filter(
    (other) => !isMeasured && other.token !== file.token && isSameShape(file, other, mapping),
  );
  return (
    <Panel
      title={`Choose series: ${file.fileName}`}
      aside={<span className="chip">{file.format.toUpperCase()}</span>}
    >
      {[...file.reasons, ...file.warnings].length > 0 && (
        <ul className="small dim reasons">
          {[...file.reasons, ...file.warnings].map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      {file.remembered && (
        <div className="banner">
          <span>
            A file of this shape was added before, as <b>{file.remembered.from}</b>:{' '}
            {mappingLines(file.remembered.mapping).join('; ')}.
          </span>
          <button type="button" onClick={() => setMapping(file.remembered!.mapping)}>
            Use this mapping
          </button>
        </div>
      )}
      <div className="columns">
        <fieldset>
          <legend>LFP series</legend>
          <div className="choices">
            {lfpSeries.map((series) => (
              <label key={series.path}>
                <input
                  type="radio"
                  name={`lfp-${file.token}`}
                  checked={lfp.path === series.path}
                  onChange={() => setMapping(withLfp(mapping, series.path))}
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
                  checked={behaviour.some(({ path }) => path === series.path)}
                  onChange={() => setMapping(withToggled(mapping, series.path))}
                />
                <SeriesText series={series} />
              </label>
            ))}
            {behaviourSeries.length === 0 && <span className="dim">No other series.</span>}
          </div>
        </fieldset>
      </div>
      <SeriesDetails
        series={chosen.map((one) => ({ mapping: one, info: infoOf(one.path) }))}
        change={(changed) => setMapping(withChanged(mapping, changed))}
      />
      <SeriesAlignment file={file} mapping={mapping} change={setMapping} />
      <div className="row">
        <button
          type="button"
          className="primary"
          disabled={!isComplete || busy !== undefined}
          onClick={() => void chooseSeries(client, [file], mapping)}
        >
          Add this recording
        </button>
        {alike.length > 0 && (
          <button
            type="button"
            disabled={!isComplete || busy !== undefined}
            title={alike.map(({ fileName }) => fileName).join(', ')}
            onClick={() => void chooseSeries(client, [file, ...alike], mapping)}
          >
            Add it and apply to the other {alike.length === 1 ? 'file' : `${alike.length} files`}
          </button>
        )}
        <button type="button" onClick={() => void dropFile(client, file)}>
          Leave it out
        </button>
      </div>
    </Panel>
  );
}

/** A series is not both. */
function withLfp(mapping: Mapping, path: string): Mapping {
  const behaviour = mapping.behaviour.filter((one) => one.path !== path);
  return { ...mapping, lfp: { path }, behaviour };
}

function withToggled(mapping: Mapping, path: string): Mapping {
  const others = mapping.behaviour.filter((one) => one.path !== path);
  const isChosen = others.length < mapping.behaviour.length;
  return { ...mapping, behaviour: isChosen ? others : [...others, { path }] };
}

function withChanged(mapping: Mapping, changed: SeriesMapping): Mapping {
  const replaced = (one: SeriesMapping) => (one.path === changed.path ? changed : one);
  return { ...mapping, lfp: replaced(mapping.lfp), behaviour: mapping.behaviour.map(replaced) };
}

function SeriesText({ series }: { series: SeriesInfo }) {
  const facts = [
    series.shape.join(' × '),
    series.rateHz === undefined ? undefined : formatRate(series.rateHz),
    series.unit && shownUnit(series.unit),
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
