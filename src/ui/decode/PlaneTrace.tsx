// Two-dimensional behaviour as a path in its plane: true and decoded, with a dot at now.
import { useEffect, useRef } from 'react';
import type { DecodeLayout } from '../../worker/decodingApi';
import { withUnit } from '../format';
import { DECODED_DASH, plotColours } from '../plots/colours';
import { decodePulse, decodeSeries } from '../series';
import { useTheme } from '../useTheme';
import { drawPlane, type PlanePath } from './drawPlane';
import { growingPlane } from './scales';

/** A longer tail hides the present. */
const TAIL_S = 1.5;

export function PlaneTrace({ layout }: { layout: DecodeLayout }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  useEffect(() => {
    const element = canvas.current!;
    const colours = plotColours(theme);
    const { lfpNames, behaviourNames, behaviourUnits, frameRateHz } = layout;
    const labels = behaviourNames.map((name, k) => withUnit(name, behaviourUnits[k]));
    const growing = growingPlane();
    const draw = () => {
      const ring = decodeSeries.current?.ring;
      const column = (k: number) => ring?.column(1 + lfpNames.length + k) ?? new Float64Array(0);
      const range = growing([column(0), column(1)], [column(2), column(3)]);
      const tail = Math.round(TAIL_S * frameRateHz);
      const paths: PlanePath[] = [
        { x: column(0).slice(-tail), y: column(1).slice(-tail), colour: colours.truth, dash: [] },
        {
          x: column(2).slice(-tail),
          y: column(3).slice(-tail),
          colour: colours.decoded,
          dash: DECODED_DASH,
        },
      ];
      drawPlane(element, paths, range, labels, colours);
    };
    draw();
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    const stop = decodePulse.subscribe(draw);
    return () => {
      stop();
      observer.disconnect();
    };
  }, [layout, theme]);
  return (
    <div>
      <h3>
        {layout.behaviourNames[1]} against {layout.behaviourNames[0]}, last {TAIL_S} s
      </h3>
      <canvas className="plane" ref={canvas} role="img" aria-label="True and decoded path" />
      <p className="small dim">
        <i className="line-swatch" style={{ borderColor: 'var(--truth)' }} />
        true
        <i className="line-swatch dashed" style={{ borderColor: 'var(--decoded)' }} />
        decoded
      </p>
    </div>
  );
}
