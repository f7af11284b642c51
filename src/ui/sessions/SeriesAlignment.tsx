// How the clocks of LFP and behaviour from different files lie: by start time, by shared events, or by an offset.
import { useId, useState } from 'react';
import {
  type ClockAlignment,
  type ClockOffset,
  isElsewhere,
  offsetFromEvents,
  offsetFromStarts,
  statedOffset,
} from '../../data/clockAlignment';
import type { SeriesInfo } from '../../data/formats/fileFormat';
import type { Mapping } from '../../data/mapping';
import { unalignedWarnings, withOffset } from '../../data/mappingClocks';
import type { OpenedFile } from '../../worker/recordingsApi';
import { useClient } from '../clientContext';

interface SeriesAlignmentProps {
  file: OpenedFile;
  mapping: Mapping;
  change: (update: (mapping: Mapping) => Mapping) => void;
}

const CHOICES: [ClockAlignment['by'], string][] = [
  ['start', 'by start time, as both files state it'],
  ['events', 'by events that both recorded'],
  ['offset', 'by an offset'],
];

export function SeriesAlignment({ file, mapping, change }: SeriesAlignmentProps) {
  const { series, token } = file;
  const client = useClient();
  const infoOf = (path: string) => series.find((one) => one.path === path)!;
  const lfp = infoOf(mapping.lfp.path);
  const apart = mapping.behaviour.filter(({ path }) => isElsewhere(lfp, infoOf(path)));
  const group = useId();
  const [wanted, setWanted] = useState<ClockAlignment['by']>();
  const [lfpText, setLfpText] = useState('');
  const [behaviourText, setBehaviourText] = useState('');
  const [pulses, setPulses] = useState({ lfp: '', behaviour: '' });
  const [problem, setProblem] = useState<string>();
  if (apart.length === 0) return null;
  const [{ offsetS, alignedBy }] = apart;
  const by = alignedBy?.by ?? wanted;
  const align = (offsetOf: (lfp: SeriesInfo, behaviour: SeriesInfo) => ClockOffset | undefined) => {
    try {
      const aligned = withOffset({ series }, mapping, offsetOf);
      change(() => aligned);
      setProblem(undefined);
    } catch (error) {
      change((now) => withOffset({ series }, now, () => undefined));
      setProblem((error as Error).message);
    }
  };
  const alignByEvents = (lfpTimes: string, behaviourTimes: string) => {
    setLfpText(lfpTimes);
    setBehaviourText(behaviourTimes);
    const [lfpS, behaviourS] = [secondsOf(lfpTimes), secondsOf(behaviourTimes)];
    // Half typed is no mistake.
    const isWhole = lfpS.length > 0 && behaviourS.length > 0;
    align(() => (isWhole ? offsetFromEvents(lfpS, behaviourS) : undefined));
  };
  const alignByPulses = async () => {
    const timesOf = (name: string) => client.pulsesOf(token, name);
    try {
      const [lfpS, behaviourS] = [await timesOf(pulses.lfp), await timesOf(pulses.behaviour)];
      setLfpText(lfpS.join(', '));
      setBehaviourText(behaviourS.join(', '));
      const found = offsetFromEvents(lfpS, behaviourS);
      change((now) => withOffset({ series }, now, () => found));
      setProblem(undefined);
    } catch (error) {
      change((now) => withOffset({ series }, now, () => undefined));
      setProblem((error as Error).message);
    }
  };
  const choose = (choice: ClockAlignment['by']) => {
    setWanted(choice);
    if (choice === 'start') align(offsetFromStarts);
    else if (choice === 'events') alignByEvents(lfpText, behaviourText);
    else align(() => undefined);
  };
  return (
    <fieldset>
      <legend>Clocks of the two files</legend>
      <div className="choices">
        {CHOICES.map(([choice, text]) => (
          <label key={choice}>
            <input
              type="radio"
              name={group}
              checked={by === choice}
              onChange={() => choose(choice)}
            />
            {text}
          </label>
        ))}
      </div>
      {by === 'events' && (
        <div className="fields">
          <label className="stacked">
            Events of the LFP (s)
            <input
              value={lfpText}
              placeholder="12.5, 40.2"
              onChange={({ target }) => alignByEvents(target.value, behaviourText)}
            />
          </label>
          <label className="stacked">
            The same of the behaviour (s)
            <input
              value={behaviourText}
              placeholder="2.5, 30.2"
              onChange={({ target }) => alignByEvents(lfpText, target.value)}
            />
          </label>
          <PulseChoice
            label="Or a pulse of the LFP's file"
            series={series.filter((one) => !isElsewhere(lfp, one))}
            chosen={pulses.lfp}
            choose={(name) => setPulses({ ...pulses, lfp: name })}
          />
          <PulseChoice
            label="The same pulse of the behaviour's"
            series={series.filter((one) => isElsewhere(lfp, one))}
            chosen={pulses.behaviour}
            choose={(name) => setPulses({ ...pulses, behaviour: name })}
          />
          <button
            type="button"
            disabled={pulses.lfp === '' || pulses.behaviour === ''}
            onClick={() => void alignByPulses()}
          >
            Take their rising edges
          </button>
        </div>
      )}
      {by === 'offset' && (
        <div className="fields">
          <label className="stacked">
            Behaviour later by (s)
            <input
              type="number"
              step="any"
              value={offsetS ?? ''}
              onChange={({ target }) =>
                align(() => (target.value === '' ? undefined : statedOffset(target.valueAsNumber)))
              }
            />
          </label>
        </div>
      )}
      <div className="small dim" role="status">
        {problem ??
          (alignedBy
            ? `Behaviour ${offsetS} s later: ${alignedBy.reason}.`
            : unalignedWarnings({ series }, mapping).join(' '))}
      </div>
    </fieldset>
  );
}

interface PulseChoiceProps {
  label: string;
  series: readonly SeriesInfo[];
  chosen: string;
  choose: (name: string) => void;
}

function PulseChoice({ label, series, chosen, choose }: PulseChoiceProps) {
  return (
    <label className="stacked">
      {label}
      <select value={chosen} onChange={({ target }) => choose(target.value)}>
        <option value="">none</option>
        {series.flatMap(({ path, columns }) =>
          columns.map((name) => (
            <option key={`${path}: ${name}`} value={`${path}: ${name}`}>
              {name}
            </option>
          )),
        )}
      </select>
    </label>
  );
}

function secondsOf(text: string): number[] {
  return text
    .split(/[\s,;]+/)
    .filter((part) => part !== '')
    .map(Number);
}
