// The channels of the chosen session at a glance: what is wrong with them, which to reject, which are.
import { useState } from 'react';
import type { Quality } from '../../data/quality';
import type { SessionSummary } from '../../worker/recordingsApi';
import { changeData, setChannelsUsed } from '../actions/sessions';
import { useClient } from '../clientContext';
import { FaultBox } from '../components/FaultBox';
import { Panel } from '../components/Panel';
import { SyntheticChip } from '../components/SyntheticChip';
import { runStore } from '../stores/runStore';
import { settingsStore } from '../stores/settingsStore';
import { usePromise } from '../usePromise';
import { ChannelStrips } from './ChannelStrips';
import { MEASURES } from './measures';

export function QualityPanel({ session }: { session: SessionSummary }) {
  const client = useClient();
  const notchHz = settingsStore((state) => state.data.notchHz);
  const { value, fault } = usePromise(
    `${session.id} ${notchHz}`,
    () => client.quality(session.id, notchHz),
    'The channels could not be assessed.',
  );
  return (
    <Panel title="Channel quality" aside={session.synthetic && <SyntheticChip />}>
      {fault && <FaultBox fault={fault} />}
      {value && <Assessed session={session} quality={value} />}
      {!value && !fault && <p className="dim">Assessing the channels …</p>}
    </Panel>
  );
}

function Assessed({ session, quality }: { session: SessionSummary; quality: Quality }) {
  const client = useClient();
  const [channel, setChannel] = useState(quality.suggestions[0]?.channel ?? 0);
  const { channelsUsed } = session;
  const open = quality.suggestions.filter((one) => channelsUsed[one.channel]);
  const rejected = channelsUsed.flatMap((isUsed, c) => (isUsed ? [] : [c]));
  const reasonsOf = (c: number) => quality.suggestions.find((one) => one.channel === c)?.reasons;
  return (
    <>
      <div className="row">
        <p className="small">{quality.notes.join(' ')}</p>
        <NotchOffer quality={quality} />
      </div>
      <ChannelStrips quality={quality} used={channelsUsed} selected={channel} select={setChannel} />
      <ChannelFacts
        session={session}
        quality={quality}
        channel={channel}
        reasons={reasonsOf(channel)}
        select={setChannel}
      />
      {(open.length > 0 || rejected.length > 0) && (
        <div className="columns">
          <ChannelList
            title={`Proposed for rejection: ${open.length}`}
            channels={open.map((one) => one.channel)}
            quality={quality}
            reasonsOf={reasonsOf}
            action="Reject"
            act={(channels) => void setChannelsUsed(client, session, channels, false)}
          />
          <ChannelList
            title={`Rejected: ${rejected.length}`}
            channels={rejected}
            quality={quality}
            reasonsOf={reasonsOf}
            action="Take back"
            act={(channels) => void setChannelsUsed(client, session, channels, true)}
          />
        </div>
      )}
    </>
  );
}

/** Above this the hum is worth a notch. */
const HUM_RATIO = 3;

/** Where the hum has another frequency than the notch that is set. */
function NotchOffer({ quality }: { quality: Quality }) {
  const notchHz = settingsStore((state) => state.data.notchHz);
  const isRunning = runStore((state) => state.status !== 'idle');
  const noises = quality.channels.map(({ lineNoise }) => lineNoise);
  const humming = noises.filter(({ ratio }) => ratio > HUM_RATIO);
  if (humming.length <= noises.length / 2 || humming[0].mainsHz === notchHz) return null;
  const { mainsHz } = humming[0];
  return (
    <button type="button" disabled={isRunning} onClick={() => changeData({ notchHz: mainsHz })}>
      Set the notch to {mainsHz} Hz
    </button>
  );
}

interface ChannelFactsProps {
  session: SessionSummary;
  quality: Quality;
  channel: number;
  reasons: readonly string[] | undefined;
  select: (channel: number) => void;
}

function ChannelFacts({ session, quality, channel, reasons, select }: ChannelFactsProps) {
  const client = useClient();
  const isUsed = session.channelsUsed[channel];
  const facts = MEASURES.map((measure) => {
    const value = measure.valueOf(quality.channels[channel]);
    return `${measure.label.toLowerCase()} ${Number.isFinite(value) ? measure.show(value) : '–'}`;
  });
  return (
    <div className="row small">
      <select
        aria-label="Channel"
        value={channel}
        onChange={(event) => select(Number(event.target.value))}
      >
        {quality.channels.map(({ name }, c) => (
          <option key={name} value={c}>
            {name}
          </option>
        ))}
      </select>
      <span className="figure dim">{facts.join(', ')}.</span>
      {reasons && <span>{reasons.join(' ')}</span>}
      <button
        type="button"
        onClick={() => void setChannelsUsed(client, session, [channel], !isUsed)}
      >
        {isUsed ? 'Reject' : 'Take back'}
      </button>
    </div>
  );
}

interface ChannelListProps {
  title: string;
  channels: readonly number[];
  quality: Quality;
  reasonsOf: (channel: number) => readonly string[] | undefined;
  action: string;
  act: (channels: readonly number[]) => void;
}

function ChannelList({ title, channels, quality, reasonsOf, action, act }: ChannelListProps) {
  return (
    <section className="channel-list" aria-label={title}>
      <div className="row">
        <h3>{title}</h3>
        {channels.length > 1 && (
          <button type="button" className="quiet" onClick={() => act(channels)}>
            {action} all
          </button>
        )}
      </div>
      <ul>
        {channels.map((channel) => (
          <li key={channel}>
            <b>{quality.channels[channel].name}</b>
            <span className="dim small">{reasonsOf(channel)?.join(' ')}</span>
            <button
              type="button"
              className="quiet"
              aria-label={`${action} ${quality.channels[channel].name}`}
              onClick={() => act([channel])}
            >
              {action}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
