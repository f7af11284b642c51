// Draws paths in a plane with equal axes on a canvas.
import type { PlotColours } from '../plots/colours';

/** Equally long on both axes, in the behaviour's unit. */
export interface PlaneRange {
  /** Horizontal and vertical. */
  centre: readonly [number, number];
  /** From the centre to an edge. */
  reach: number;
}

export interface PlanePath {
  x: Float64Array;
  y: Float64Array;
  colour: string;
  dash: number[];
}

const MARGIN_PX = 56;

/**
 * What leaves the plot is cut off at its edge.
 * @param range the square of the plane that is shown
 * @param labels of the horizontal and the vertical axis, with units
 */
export function drawPlane(
  canvas: HTMLCanvasElement,
  paths: readonly PlanePath[],
  range: PlaneRange,
  labels: readonly string[],
  colours: PlotColours,
): void {
  const scale = devicePixelRatio;
  const size = canvas.clientWidth;
  if (size === 0) return;
  if (canvas.width !== Math.round(size * scale)) {
    canvas.width = Math.round(size * scale);
    canvas.height = canvas.width;
  }
  const context = canvas.getContext('2d')!;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, size, size);
  const half = (size - MARGIN_PX) / 2;
  const { centre, reach } = range;
  const px = (x: number) => MARGIN_PX + half + ((x - centre[0]) / reach) * half;
  const py = (y: number) => half - ((y - centre[1]) / reach) * half;
  drawAxes(context, size, half, range, labels, colours, px, py);
  context.save();
  context.beginPath();
  context.rect(MARGIN_PX, 0, 2 * half, 2 * half);
  context.clip();
  for (const { x, y, colour, dash } of paths) {
    context.strokeStyle = colour;
    context.lineWidth = 2.5;
    context.setLineDash(dash);
    context.beginPath();
    for (let i = 0; i < x.length; i++) {
      if (Number.isFinite(x[i]) && Number.isFinite(y[i])) context.lineTo(px(x[i]), py(y[i]));
    }
    context.stroke();
    context.setLineDash([]);
    const last = x.length - 1;
    if (last < 0 || !Number.isFinite(x[last]) || !Number.isFinite(y[last])) continue;
    context.fillStyle = colour;
    context.beginPath();
    context.arc(px(x[last]), py(y[last]), 6, 0, 2 * Math.PI);
    context.fill();
  }
  context.restore();
}

function drawAxes(
  context: CanvasRenderingContext2D,
  size: number,
  half: number,
  { centre, reach }: PlaneRange,
  labels: readonly string[],
  colours: PlotColours,
  px: (x: number) => number,
  py: (y: number) => number,
): void {
  context.strokeStyle = colours.grid;
  context.lineWidth = 1;
  context.fillStyle = colours.dim;
  context.font = '12px system-ui, sans-serif';
  const tick = niceTick(reach);
  const text = (value: number) => Number(value.toPrecision(3)).toLocaleString('en');
  for (const value of ticksOf(centre[0], reach, tick)) {
    line(context, px(value), 0, px(value), 2 * half);
    context.textAlign = 'center';
    context.textBaseline = 'top';
    // Near the edges a label would leave the canvas.
    const x = Math.min(Math.max(px(value), MARGIN_PX + 8), size - 14);
    context.fillText(text(value), x, 2 * half + 6);
  }
  for (const value of ticksOf(centre[1], reach, tick)) {
    line(context, MARGIN_PX, py(value), size, py(value));
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    context.fillText(text(value), MARGIN_PX - 6, Math.min(Math.max(py(value), 7), 2 * half - 7));
  }
  context.textAlign = 'center';
  context.textBaseline = 'bottom';
  context.fillText(labels[0], MARGIN_PX + half, size - 2);
  context.save();
  context.translate(2, half);
  context.rotate(-Math.PI / 2);
  context.textBaseline = 'top';
  context.fillText(labels[1], 0, 0);
  context.restore();
}

function line(
  context: CanvasRenderingContext2D,
  fromX: number,
  fromY: number,
  toX: number,
  toY: number,
): void {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}

/** Multiples of `tick` from edge to edge. */
function ticksOf(centre: number, reach: number, tick: number): number[] {
  const first = Math.ceil((centre - reach) / tick);
  const last = Math.floor((centre + reach) / tick);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * tick);
}

/** A round number, two of which fit into `reach`. */
function niceTick(reach: number): number {
  const power = 10 ** Math.floor(Math.log10(reach / 2));
  const lead = reach / 2 / power;
  return power * (lead >= 5 ? 5 : lead >= 2 ? 2 : 1);
}
