// LFP traces of a dozen channels; scrolls through the session.
import { useState } from 'react';
import type { SessionSummary, TracePreview } from '../../worker/recordingsApi';
import { useClient } from '../clientContext';
import { FaultBox } from '../components/FaultBox';
import { Panel } from '../components/Panel';
import { SyntheticChip } from '../components/SyntheticChip';
import { formatDuration, shownUnit } from '../format';
import { Chart } from '../plots/Chart';
import { laneAxis, laneOf, laneScale, spreadOf } from '../plots/stackedLines';
import { usePromise } from '../usePromise';

const WINDOW_S = 5;

export function TracePanel({ session }: { session: SessionSummary }) {
  const client = useClient();
  const [startS, setStartS] = useState(0);
  const lastS = Math.max(0, session.lengthS - WINDOW_S);
  const fromS = Math.min(startS, lastS);
  const { value, fault } = usePromise(
    `${session.id} ${session.channelsUsed.join()} ${fromS}`,
    () => client.traces(session.id, fromS, WINDOW_S),
    'The traces could not be read.',
  );
  return (
    <Panel title="Traces" aside={session.synthetic && <SyntheticChip />}>
      {fault && <FaultBox fault={fault} />}
      {value && <Traces preview={value} session={session} />}
      {!value && !fault && <div className="empty">Reading …</div>}
      <label className="small dim">
        From {formatDuration(fromS)}
        <input
          type="range"
          aria-label="Start of the window"
          style={{ flex: 1 }}
          min={0}
          max={lastS}
          step={Math.max(0.1, lastS / 1000)}
          value={fromS}
          onChange={(event) => setStartS(Number(event.target.value))}
        />
        of {formatDuration(session.lengthS)}
      </label>
    </Panel>
  );
}

function Traces({ preview, session }: { preview: TracePreview; session: SessionSummary }) {
  const { names, data, startS, stepS, unit } = preview;
  const count = data.length / names.length;
  const channels = names.map((_, c) => data.subarray(c * count, (c + 1) * count));
  const spreads = channels.map((channel) => spreadOf(channel).spread).sort((a, b) => a - b);
  // The median's: one wild channel must not flatten all others.
  const spread = spreads[spreads.length >> 1];
  const lane = `${Number((2 * spread).toPrecision(2)).toLocaleString('en')} ${shownUnit(unit) || 'of the file’s own unit'}`;
  const { usedChannelCount, bandCount } = session;
  const columnCount = usedChannelCount * bandCount;
  const shown =
    names.length < columnCount
      ? `, ${names.length} of ${columnCount} ${bandCount === 1 ? 'channels' : 'columns'}`
      : '';
  return (
    <Chart
      identity={preview}
      describe={(colours) => ({
        title: `LFP${shown}, one lane is ${lane}`,
        xLabel: 'Time (s)',
        yLabel: 'Channel',
        height: 340,
        legend: 'none',
        series: names.map((label, c) => ({
          label,
          stroke: colours.set[c % 2],
          width: 1,
        })),
        yAxis: laneAxis(names),
        yScale: laneScale(names.length),
      })}
      read={() => [
        Array.from({ length: count }, (_, i) => startS + i * stepS),
        ...channels.map((channel, c) =>
          laneOf(channel, c, { centre: spreadOf(channel).centre, spread }),
        ),
      ]}
    />
  );
}
