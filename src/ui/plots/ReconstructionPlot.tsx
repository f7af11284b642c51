// What the teacher makes of hidden stretches: input, mask and reconstruction of a few channels.
import type uPlot from 'uplot';
import type { Reconstruction } from '../../worker/trainingApi';
import { Chart } from './Chart';
import { DECODED_DASH } from './colours';
import { laneAxis, laneOf, laneScale, spreadOf } from './stackedLines';

export function ReconstructionPlot({ picture }: { picture: Reconstruction }) {
  const { names, input, output, mask, frameRateHz } = picture;
  const count = mask.length;
  const channel = (data: Float32Array, c: number) => data.subarray(c * count, (c + 1) * count);
  const spreads = names.map((_, c) => spreadOf(channel(input, c)));
  return (
    <div>
      <Chart
        identity={picture}
        describe={(colours) => ({
          title: 'Masked reconstruction of a held-out segment (shaded: hidden from the teacher)',
          xLabel: 'Time in segment (s)',
          yLabel: 'Channel (z-score, scaled to lane)',
          height: 300,
          legend: 'none',
          series: names.flatMap((name) => [
            { label: name, stroke: colours.truth, width: 1.4 },
            {
              label: `${name}, reconstructed`,
              stroke: colours.decoded,
              width: 1.4,
              dash: DECODED_DASH,
            },
          ]),
          yAxis: laneAxis(names),
          yScale: laneScale(names.length),
          drawBehind: (chart) => shadeMask(chart, mask, frameRateHz, colours.shade),
        })}
        read={() => [
          Array.from(mask, (_, t) => t / frameRateHz),
          ...names.flatMap((_, c) => [
            laneOf(channel(input, c), c, spreads[c]),
            laneOf(channel(output, c), c, spreads[c]),
          ]),
        ]}
      />
      <p className="small dim">
        <i className="line-swatch" style={{ borderColor: 'var(--truth)' }} />
        recorded
        <i className="line-swatch dashed" style={{ borderColor: 'var(--decoded)' }} />
        reconstructed
      </p>
    </div>
  );
}

function shadeMask(chart: uPlot, mask: Float32Array, frameRateHz: number, shade: string): void {
  const { ctx, bbox } = chart;
  const x = (t: number) => chart.valToPos(t / frameRateHz, 'x', true);
  ctx.save();
  ctx.fillStyle = shade;
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] === 0) continue;
    let end = start;
    while (end < mask.length && mask[end] !== 0) end += 1;
    ctx.fillRect(x(start - 0.5), bbox.top, x(end - 0.5) - x(start - 0.5), bbox.height);
    start = end;
  }
  ctx.restore();
}
