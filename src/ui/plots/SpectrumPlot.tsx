// Power spectra by plotly, which is loaded when the first one is drawn.
import { useEffect, useRef } from 'react';
import type { SpectrumPreview } from '../../worker/recordingsApi';
import { shownUnit } from '../format';
import { useTheme } from '../useTheme';
import { plotColours } from './colours';

/** Plotly's own leave the zeros out: 5 for 0.5 and for 50. */
const TICKS_HZ = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000,
];

export function SpectrumPlot({ spectrum }: { spectrum: SpectrumPreview }) {
  const host = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  useEffect(() => {
    const element = host.current!;
    let isCurrent = true;
    let purge: (() => void) | undefined;
    void import('plotly.js-cartesian-dist-min').then((module) => {
      if (!isCurrent) return;
      // The bundle is UMD: depending on who bundles it, its functions are on `default`.
      const plotly = 'default' in module ? (module.default as typeof module) : module;
      purge = () => plotly.purge(element);
      const { traces, layout } = figureOf(spectrum, theme);
      return plotly.react(element, traces, layout, { responsive: true, displaylogo: false });
    });
    return () => {
      isCurrent = false;
      purge?.();
    };
  }, [spectrum, theme]);
  return <div ref={host} style={{ height: 372 }} />;
}

function figureOf(
  { frequenciesHz, names, powerDb, unit, notchHz }: SpectrumPreview,
  theme: 'light' | 'dark',
) {
  const colours = plotColours(theme);
  const count = frequenciesHz.length;
  const traces = names.map((name, c) => ({
    type: 'scatter',
    mode: 'lines',
    name,
    x: frequenciesHz,
    y: powerDb.subarray(c * count, (c + 1) * count),
    line: {
      width: 1.3,
      color: colours.set[c % colours.set.length],
      dash: c >= 6 ? 'dot' : 'solid',
    },
  }));
  const axis = { gridcolor: colours.grid, linecolor: colours.line, zeroline: false };
  // The switch may be ahead of the picture: which it shows, the picture says itself.
  const title = `Power spectral density (Welch)${notchHz === 0 ? '' : `, ${notchHz} Hz notched`}`;
  const layout = {
    title: { text: title, font: { size: 14 }, x: 0.01, xanchor: 'left' },
    paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: 'rgba(0,0,0,0)',
    font: { color: colours.dim, family: 'system-ui, sans-serif', size: 12 },
    margin: { l: 58, r: 10, t: 38, b: 46 },
    xaxis: {
      ...axis,
      type: 'log',
      title: { text: 'Frequency (Hz)' },
      tickvals: TICKS_HZ,
      ticktext: TICKS_HZ.map(String),
    },
    yaxis: {
      ...axis,
      title: { text: `Power (dB re 1 ${unit ? `${shownUnit(unit)}²` : 'unit²'}/Hz)` },
    },
    legend: { font: { size: 11 } },
  };
  return { traces, layout };
}
