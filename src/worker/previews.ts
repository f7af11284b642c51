/** What the page shows of a raw recording: a stretch of traces, and spectra. */
import { type MainsHz, notched } from '../data/lineNoise';
import { powerSpectrum } from '../data/powerSpectrum';
import type { Session } from '../data/session';
import type { SpectrumPreview, TracePreview } from './recordingsApi';

const CHANNELS_SHOWN = 12;
/** More than a chart has pixels. */
const MOST_POINTS = 2500;
const SPECTRUM_CHANNELS = 6;
const SPECTRUM_WINDOW_S = 2;
/** Spectra of longer recordings are taken from their first part. */
const SPECTRUM_LENGTH_S = 120;

/** Every n-th sample of the stretch, where it has more samples than a chart shows. */
export function traceOf(session: Session, startS: number, lengthS: number): TracePreview {
  const { lfp } = session;
  const width = lfp.names.length;
  const columns = spreadOut(usedColumns(session), CHANNELS_SHOWN);
  const first = Math.max(0, Math.round(startS * lfp.rateHz));
  const last = Math.min(lfp.sampleCount, first + Math.round(lengthS * lfp.rateHz));
  const stride = Math.max(1, Math.ceil((last - first) / MOST_POINTS));
  const count = Math.max(0, Math.ceil((last - first) / stride));
  const data = new Float32Array(columns.length * count);
  columns.forEach((column, c) => {
    for (let i = 0; i < count; i++) {
      data[c * count + i] = lfp.data[(first + i * stride) * width + column];
    }
  });
  return {
    sessionId: session.id,
    startS: first / lfp.rateHz,
    stepS: stride / lfp.rateHz,
    names: columns.map((column) => lfp.names[column]),
    unit: lfp.units[0],
    data,
  };
}

/** @param notchHz behind the front ends' notches; 0 as recorded */
export function spectrumOf(session: Session, notchHz: MainsHz | 0): SpectrumPreview {
  const { lfp } = session;
  const width = lfp.names.length;
  const columns = spreadOut(usedColumns(session), SPECTRUM_CHANNELS);
  const sampleCount = Math.min(lfp.sampleCount, Math.ceil(SPECTRUM_LENGTH_S * lfp.rateHz));
  const wanted = 2 ** Math.round(Math.log2(Math.max(64, SPECTRUM_WINDOW_S * lfp.rateHz)));
  const windowSamples = Math.min(wanted, 2 ** Math.floor(Math.log2(sampleCount)));
  const spectra = columns.map((column) => {
    const samples = Float32Array.from(
      { length: sampleCount },
      (_, i) => lfp.data[i * width + column],
    );
    const [filtered] = notchHz === 0 ? [samples] : notched([samples], lfp.rateHz, notchHz);
    const length = Math.min(windowSamples, 2 ** Math.floor(Math.log2(filtered.length)));
    return powerSpectrum(filtered, lfp.rateHz, length);
  });
  // A logarithmic axis has no place for 0 Hz.
  const frequenciesHz = spectra[0].frequenciesHz.slice(1);
  const powerDb = new Float32Array(columns.length * frequenciesHz.length);
  spectra.forEach(({ density }, c) => {
    for (let k = 0; k < frequenciesHz.length; k++) {
      powerDb[c * frequenciesHz.length + k] = 10 * Math.log10(Math.max(density[k + 1], 1e-30));
    }
  });
  const names = columns.map((column) => lfp.names[column]);
  return { sessionId: session.id, frequenciesHz, names, powerDb, unit: lfp.units[0], notchHz };
}

function usedColumns({ lfp, bands, channelMask }: Session): number[] {
  const columns = lfp.names.map((_, column) => column);
  return columns.filter((column) => channelMask?.[Math.floor(column / bands.length)] !== 0);
}

/** At most `count` of the values, evenly over them. */
export function spreadOut(values: readonly number[], count: number): number[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, i) => values[Math.floor((i * values.length) / count)]);
}
