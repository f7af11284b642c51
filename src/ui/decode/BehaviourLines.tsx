// One output, true and decoded, on the shared clock.
import type { DecodeLayout } from '../../worker/decodingApi';
import { withUnit } from '../format';
import { Chart } from '../plots/Chart';
import { DECODED_DASH } from '../plots/colours';
import { DECODE_WINDOW_S, decodePulse, decodeSeries } from '../series';
import { growingScale, windowScale } from './scales';

export function BehaviourLines({ layout, output }: { layout: DecodeLayout; output: number }) {
  const { lfpNames, behaviourNames, behaviourUnits } = layout;
  const label = withUnit(behaviourNames[output], behaviourUnits[output]);
  const truthColumn = 1 + lfpNames.length + output;
  const decodedColumn = truthColumn + behaviourNames.length;
  return (
    <Chart
      identity={layout}
      pulse={decodePulse}
      describe={(colours) => ({
        title: `${behaviourNames[output]}, last ${DECODE_WINDOW_S} s`,
        xLabel: 'Time (s)',
        yLabel: label,
        height: 190,
        legend: 'names',
        yScale: growingScale(),
        series: [
          { label: 'true', stroke: colours.truth, width: 2 },
          { label: 'decoded', stroke: colours.decoded, width: 2, dash: DECODED_DASH },
        ],
        xScale: windowScale(),
      })}
      read={() => {
        const ring = decodeSeries.current?.ring;
        if (!ring) return [[], [], []];
        return [
          ring.column(0),
          withGaps(ring.column(truthColumn)),
          withGaps(ring.column(decodedColumn)),
        ];
      }}
    />
  );
}

function withGaps(values: Float64Array): (number | null)[] {
  return Array.from(values, (value) => (Number.isFinite(value) ? value : null));
}
