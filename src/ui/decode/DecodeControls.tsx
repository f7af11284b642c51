// Play, pause, step, speed and loop of the decoder.
import { openDecoder, setLoop, setSpeed, stepDecode, togglePlay } from '../actions/decoding';
import { useClient } from '../clientContext';
import { Panel } from '../components/Panel';
import { SyntheticChip } from '../components/SyntheticChip';
import { formatCount, formatMs } from '../format';
import { decodeStore } from '../stores/decodeStore';
import { settingsStore } from '../stores/settingsStore';
import { DecodePathChoice } from './DecodePathChoice';

const SPEEDS = [0.25, 0.5, 1, 2, 4];

export function DecodeControls({ blocked }: { blocked: boolean }) {
  const client = useClient();
  const { layout, isOpening, isPlaying } = decodeStore();
  const { decodeSpeed, decodeLoop } = settingsStore();
  return (
    <Panel
      title={layout ? `Decoding ${layout.sessionName}` : 'Decode'}
      aside={layout?.synthetic && <SyntheticChip />}
      tools={
        layout && (
          <button type="button" disabled={isOpening} onClick={() => void openDecoder(client)}>
            Start over
          </button>
        )
      }
    >
      <div className="row">
        <button
          type="button"
          className="primary"
          disabled={blocked || isOpening}
          onClick={() => void togglePlay(client)}
        >
          {isPlaying ? 'Pause' : 'Play'}
        </button>
        <button type="button" disabled={!layout} onClick={() => void stepDecode(client)}>
          Step
        </button>
        <fieldset className="row bare" aria-label="Speed">
          {SPEEDS.map((speed) => (
            <button
              key={speed}
              type="button"
              aria-pressed={speed === decodeSpeed}
              onClick={() => void setSpeed(client, speed)}
            >
              {speed}×
            </button>
          ))}
        </fieldset>
        <label>
          <input
            type="checkbox"
            checked={decodeLoop}
            onChange={(event) => void setLoop(client, event.target.checked)}
          />
          loop
        </label>
        <span className="dim small">
          The test fold, replayed as if live: every frame is decoded from its past alone.
        </span>
      </div>
      <DecodePathChoice />
      <Latency />
    </Panel>
  );
}

function Latency() {
  const latency = decodeStore((state) => state.latency);
  const readouts = [
    ['Latency p50', formatMs(latency?.p50Ms)],
    ['p95', formatMs(latency?.p95Ms)],
    ['p99', formatMs(latency?.p99Ms)],
    [
      `Missed deadlines${latency ? ` (${formatMs(latency.deadlineMs)})` : ''}`,
      latency ? formatCount(latency.missedDeadlines) : '–',
    ],
    ['Frames decoded', latency ? formatCount(latency.frames) : '–'],
  ];
  return (
    <div className="readouts">
      {readouts.map(([label, value]) => (
        <div key={label} className="readout">
          <span>{label}</span>
          <b data-readout={label.split(' (')[0]}>{value}</b>
        </div>
      ))}
    </div>
  );
}
