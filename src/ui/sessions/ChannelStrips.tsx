// One strip per measure and a cell per channel: the stronger the colour, the worse.
import type { Quality } from '../../data/quality';
import { MEASURES, type Measure, strengthOf } from './measures';

interface ChannelStripsProps {
  quality: Quality;
  /** `[channel]` */
  used: readonly boolean[];
  selected: number;
  select: (channel: number) => void;
}

export function ChannelStrips({ quality, used, selected, select }: ChannelStripsProps) {
  const { channels, suggestions } = quality;
  const proposed = new Set(suggestions.map(({ channel }) => channel));
  const stateOf = (channel: number) =>
    !used[channel] ? 'rejected' : proposed.has(channel) ? 'proposed' : 'used';
  const strip = (
    label: string,
    className: (c: number) => string,
    opacity?: (c: number) => number | undefined,
  ) => (
    <svg
      viewBox={`0 0 ${channels.length} 1`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {channels.map(({ name }, c) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the list of channels beside it takes the keyboard
        <rect
          key={name}
          x={c}
          width={1}
          height={1}
          className={`${className(c)} ${c === selected ? 'chosen' : ''}`}
          fillOpacity={opacity?.(c)}
          onClick={() => select(c)}
        >
          <title>{titleOf(quality, c)}</title>
        </rect>
      ))}
    </svg>
  );
  return (
    <div className="strips">
      {MEASURES.map((measure) => (
        <div key={measure.label}>
          <span>{measure.label}</span>
          {strip(
            `${measure.label} of every channel`,
            (c) => (Number.isNaN(strengthOf(measure, channels[c])) ? 'unmeasured' : 'measured'),
            (c) => opacityOf(measure, quality, c),
          )}
          <span>
            {measure.show(measure.from)} – {measure.show(measure.to)}
          </span>
        </div>
      ))}
      <div>
        <span>Use</span>
        {strip('Which channels are used', stateOf)}
        <span>
          <i className="swatch state-used" /> used <i className="swatch state-proposed" /> proposed{' '}
          <i className="swatch state-rejected" /> rejected
        </span>
      </div>
    </div>
  );
}

function opacityOf(measure: Measure, quality: Quality, channel: number): number | undefined {
  const strength = strengthOf(measure, quality.channels[channel]);
  return Number.isNaN(strength) ? undefined : 0.06 + 0.94 * strength;
}

function titleOf({ channels, suggestions }: Quality, channel: number): string {
  const reasons = suggestions.find((one) => one.channel === channel)?.reasons ?? [];
  return [channels[channel].name, ...reasons].join('\n');
}
