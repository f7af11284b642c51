// Rate, factor, unit and clock of the chosen series, where the file's own are missing or wrong.
import { useId } from 'react';
import type { SeriesInfo } from '../../data/formats/fileFormat';
import type { SeriesMapping } from '../../data/mapping';
import { ColumnChoice } from './ColumnChoice';

interface Chosen {
  mapping: SeriesMapping;
  info: SeriesInfo;
}

interface SeriesDetailsProps {
  series: readonly Chosen[];
  change: (mapping: SeriesMapping) => void;
}

export function SeriesDetails({ series, change }: SeriesDetailsProps) {
  const isRateless = series.some(({ info }) => info.rateHz === undefined);
  return (
    <details open={isRateless}>
      <summary>{isRateless ? 'A rate is missing' : 'Columns, rate, sign, unit and clock'}</summary>
      {series.map((one) => (
        <Fields key={one.info.path} chosen={one} change={change} />
      ))}
    </details>
  );
}

function Fields({ chosen, change }: { chosen: Chosen; change: SeriesDetailsProps['change'] }) {
  const { mapping, info } = chosen;
  const id = useId();
  const number = (
    label: string,
    key: 'rateHz' | 'gain' | 'offsetS',
    placeholder: number | undefined,
    minimum?: number,
  ) => (
    <label className="stacked">
      {label}
      <input
        type="number"
        step="any"
        min={minimum}
        value={mapping[key] ?? ''}
        placeholder={placeholder?.toString()}
        aria-describedby={id}
        onChange={({ target }) =>
          change({ ...mapping, [key]: target.value === '' ? undefined : target.valueAsNumber })
        }
      />
    </label>
  );
  return (
    <div className="fields">
      <b id={id}>
        {info.path}
        {info.rateHz === undefined && <span className="dim small"> states no rate.</span>}
      </b>
      {info.rateHz === undefined && number('Sampled at (Hz)', 'rateHz', undefined, 0)}
      {number('Factor (− turns the sign)', 'gain', 1)}
      <label className="stacked">
        Unit
        <input
          value={mapping.unit ?? ''}
          placeholder={info.unit}
          aria-describedby={id}
          onChange={({ target }) => change({ ...mapping, unit: target.value || undefined })}
        />
      </label>
      {info.fileName === undefined && number('Later by (s)', 'offsetS', 0)}
      {info.columns.length > 1 && (
        <ColumnChoice
          all={info.columns}
          chosen={mapping.columns}
          change={(columns) => change({ ...mapping, columns })}
        />
      )}
    </div>
  );
}
