// The LFP that the decoder has just been given, a dozen channels, scrolling.
import type { DecodeLayout } from '../../worker/decodingApi';
import { Chart } from '../plots/Chart';
import { laneAxis, laneOf, laneScale } from '../plots/stackedLines';
import { DECODE_WINDOW_S, decodePulse, decodeSeries } from '../series';
import { windowScale } from './scales';

/** Normalised LFP: a lane holds three standard deviations either side. */
const LANE = { centre: 0, spread: 3 };

export function LfpStrip({ layout }: { layout: DecodeLayout }) {
  const names = layout.lfpNames;
  return (
    <Chart
      identity={layout}
      pulse={decodePulse}
      describe={(colours) => ({
        title: `LFP given to the decoder (z-score), last ${DECODE_WINDOW_S} s`,
        xLabel: 'Time (s)',
        yLabel: 'Channel',
        height: 300,
        legend: 'none',
        series: names.map((label, c) => ({ label, stroke: colours.set[c % 2], width: 1 })),
        xScale: windowScale(),
        yAxis: laneAxis(names),
        yScale: laneScale(names.length),
      })}
      read={() => {
        const ring = decodeSeries.current?.ring;
        if (!ring) return [[], ...names.map(() => [])];
        return [ring.column(0), ...names.map((_, c) => laneOf(ring.column(1 + c), c, LANE))];
      }}
    />
  );
}
