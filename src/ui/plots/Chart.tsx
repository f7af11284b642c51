// One uPlot chart in React: made when its description changes, redrawn when its pulse says so.
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import type { Pulse } from '../pulse';
import { useTheme } from '../useTheme';
import { type PlotColours, plotColours } from './colours';

/** The same for all, so that charts on one clock line up. */
const Y_AXIS_PX = 84;

/** Of the range of values, above and below. */
const Y_PADDING = 0.1;

export interface ChartDescription {
  title: string;
  xLabel: string;
  yLabel: string;
  height: number;
  series: uPlot.Series[];
  xAxis?: uPlot.Axis;
  yAxis?: uPlot.Axis;
  yScale?: uPlot.Scale;
  xScale?: uPlot.Scale;
  /** Drawn under the lines. */
  drawBehind?: (chart: uPlot) => void;
  /** `live` also shows the values under the pointer. Default `live`. */
  legend?: 'live' | 'names' | 'none';
}

interface ChartProps {
  /** Called again when `identity` or the theme changes. */
  describe: (colours: PlotColours) => ChartDescription;
  read: () => uPlot.AlignedData;
  pulse?: Pulse;
  /** Anything that makes this another chart or other data. */
  identity: unknown;
}

export function Chart({ describe, read, pulse, identity }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  const latest = useRef({ describe, read });
  latest.current = { describe, read };

  // `identity` stands for `describe` and `read`, which are new at every render.
  useEffect(() => {
    const element = host.current!;
    const description = latest.current.describe(plotColours(theme));
    const chart = new uPlot(
      optionsOf(description, plotColours(theme), element.clientWidth),
      latest.current.read(),
      element,
    );
    const stop = pulse?.subscribe(() => chart.setData(latest.current.read()));
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) {
        chart.setSize({ width: element.clientWidth, height: description.height });
      }
    });
    observer.observe(element);
    // A crash of the browser's graphics process empties the canvas.
    const redraw = () => chart.redraw();
    const canvas = element.querySelector('canvas');
    canvas?.addEventListener('contextrestored', redraw);
    return () => {
      canvas?.removeEventListener('contextrestored', redraw);
      stop?.();
      observer.disconnect();
      chart.destroy();
    };
  }, [identity, theme, pulse]);

  return <div className="chart" ref={host} />;
}

function optionsOf(
  description: ChartDescription,
  colours: PlotColours,
  width: number,
): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: colours.dim,
    grid: { stroke: colours.grid, width: 1 },
    ticks: { stroke: colours.grid, width: 1 },
    font: '12px system-ui, sans-serif',
    labelFont: '12px system-ui, sans-serif',
    labelSize: 22,
  };
  return {
    title: description.title,
    width,
    height: description.height,
    scales: {
      x: { time: false, ...description.xScale },
      // Without any value yet there would be no axis.
      y: {
        range: (_, min, max) =>
          Number.isFinite(min) ? uPlot.rangeNum(min, max, Y_PADDING, true) : [0, 1],
        ...description.yScale,
      },
    },
    axes: [
      { ...axis, label: description.xLabel, ...description.xAxis },
      { ...axis, label: description.yLabel, size: Y_AXIS_PX, ...description.yAxis },
    ],
    series: [{ label: description.xLabel }, ...description.series],
    legend: {
      show: description.legend !== 'none',
      live: (description.legend ?? 'live') === 'live',
      markers: {
        width: 1,
        fill: 'transparent',
        dash: (chart, i) => (chart.series[i].dash ? 'dashed' : 'solid'),
      },
    },
    cursor: { drag: { x: true, y: false } },
    hooks: description.drawBehind ? { drawClear: [description.drawBehind] } : {},
  };
}
