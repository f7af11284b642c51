// Draws paths in a plane with equal axes on a canvas.
import type { PlotColours } from '../plots/colours';

export interface PlanePath {
  x: Float64Array;
  y: Float64Array;
  colour: string;
  dash: number[];
}

const MARGIN_PX = 56;

/**
 * @param extent largest magnitude that must fit, in the behaviour's unit
 * @param labels of the horizontal and the vertical axis, with units
 */
export function drawPlane(
  canvas: HTMLCanvasElement,
  paths: readonly PlanePath[],
  extent: number,
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
  const reach = extent * 1.1;
  const px = (x: number) => MARGIN_PX + half + (x / reach) * (half - 4);
  const py = (y: number) => half - (y / reach) * (half - 4);
  drawAxes(context, size, half, reach, labels, colours, px, py);
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
}

function drawAxes(
  context: CanvasRenderingContext2D,
  size: number,
  half: number,
  reach: number,
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
  for (let value = -2 * tick; value <= 2 * tick; value += tick) {
    if (Math.abs(value) > reach) continue;
    context.beginPath();
    context.moveTo(px(value), 0);
    context.lineTo(px(value), 2 * half);
    context.moveTo(MARGIN_PX, py(value));
    context.lineTo(size, py(value));
    context.stroke();
    const text = Number(value.toPrecision(3)).toLocaleString('en');
    context.textAlign = 'center';
    context.textBaseline = 'top';
    context.fillText(text, px(value), 2 * half + 6);
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    context.fillText(text, MARGIN_PX - 6, py(value));
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

/** A round number, two of which fit into `reach`. */
function niceTick(reach: number): number {
  const power = 10 ** Math.floor(Math.log10(reach / 2));
  const lead = reach / 2 / power;
  return power * (lead >= 5 ? 5 : lead >= 2 ? 2 : 1);
}
