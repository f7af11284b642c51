// Training and held-out curves of one stage, live.
import uPlot from 'uplot';
import type { RingBuffer } from '../../base/ringBuffer';
import type { Stage } from '../../train/events';
import { curvePulse, curves } from '../series';
import { Chart } from './Chart';
import { DECODED_DASH } from './colours';

/** More points than pixels tell nothing. */
const MOST_POINTS = 1500;
const FEW_POINTS = 20;
const WHOLE_STEPS = [1, 2, 5]
  .flatMap((lead) => [0, 1, 2, 3, 4, 5].map((power) => lead * 10 ** power))
  .sort((a, b) => a - b);

interface LossChartProps {
  stage: Stage;
  title: string;
  yLabel: string;
  /** Curves to draw, by the name that the run reports them under. */
  train: readonly string[];
  heldOut: readonly string[];
  labels: Record<string, string>;
}

export function LossChart({ stage, title, yLabel, train, heldOut, labels }: LossChartProps) {
  return (
    <Chart
      identity={stage + title}
      pulse={curvePulse}
      describe={(colours) => ({
        title,
        xLabel: 'Optimiser step',
        yLabel,
        height: 270,
        xAxis: { incrs: WHOLE_STEPS },
        series: [
          ...train.map((name, i) => ({
            label: `train: ${labels[name] ?? name}`,
            stroke: colours.set[i],
            width: 1.5,
            // A line needs two ends: the first steps show as points.
            points: { show: (chart: uPlot) => chart.data[0].length < FEW_POINTS, size: 4 },
          })),
          ...heldOut.map((name, i) => ({
            label: `held-out: ${labels[name] ?? name}`,
            stroke: colours.set[train.length > 1 ? i : train.length + i],
            width: 2,
            dash: DECODED_DASH,
            spanGaps: true,
            points: { show: true, size: 6 },
          })),
        ],
      })}
      read={() => {
        const { losses, heldOut: held } = curves[stage];
        return uPlot.join([
          columnsOf(losses?.ring, losses?.names ?? [], train),
          columnsOf(held?.ring, held?.names ?? [], heldOut),
        ]);
      }}
    />
  );
}

function columnsOf(
  ring: RingBuffer | undefined,
  reported: readonly string[],
  wanted: readonly string[],
): uPlot.AlignedData {
  if (!ring) return [[], ...wanted.map(() => [])];
  const stride = Math.max(1, Math.ceil(ring.length / MOST_POINTS));
  const thin = (column: Float64Array) => column.filter((_, i) => i % stride === 0);
  const steps = thin(ring.column(0));
  return [
    [...steps],
    ...wanted.map((name) => {
      const index = reported.indexOf(name);
      if (index < 0) return new Array<null>(steps.length).fill(null);
      return Array.from(thin(ring.column(1 + index)), (y) => (Number.isFinite(y) ? y : null));
    }),
  ];
}
