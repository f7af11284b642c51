// Where the decoder runs, why, and the choice to have it elsewhere.
import type { DecodePath, DecodePreference } from '../../decode/chooseDecoder';
import type { DecodeLayout } from '../../worker/decodingApi';
import { setPreference } from '../actions/decoding';
import { useClient } from '../clientContext';
import { formatMs } from '../format';
import { decodeStore } from '../stores/decodeStore';
import { settingsStore } from '../stores/settingsStore';

const PATH_NAMES: Record<DecodePath, string> = { gpu: 'GPU', cpu: 'processor' };

const CHOICES: [DecodePreference, string][] = [
  ['auto', 'The faster one'],
  ['gpu', 'GPU'],
  ['cpu', 'Processor (WASM)'],
];

export function DecodePathChoice() {
  const client = useClient();
  const { layout, isOpening } = decodeStore();
  const preference = settingsStore((state) => state.decodePreference);
  return (
    <div className="row">
      <label className="small">
        Decode on
        <select
          value={preference}
          disabled={isOpening}
          onChange={(event) => void setPreference(client, event.target.value as DecodePreference)}
        >
          {CHOICES.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {layout && (
        <span className="dim small figure" data-path={layout.path}>
          {reasonOf(layout, preference)}
        </span>
      )}
    </div>
  );
}

/** Which path was taken and on what grounds, with the numbers of both. */
function reasonOf({ path, measured }: DecodeLayout, preference: DecodePreference): string {
  const facts = measured.map(({ path: one, p99Ms, frames, problem }) =>
    problem === undefined
      ? `${PATH_NAMES[one]} p99 ${formatMs(p99Ms)} over ${frames} frames`
      : `${PATH_NAMES[one]} not available (${problem})`,
  );
  const why =
    preference !== 'auto'
      ? 'as you chose'
      : measured.some(({ problem }) => problem !== undefined)
        ? 'the only one there is'
        : 'the faster one';
  return `On the ${PATH_NAMES[path]}, ${why}. Measured on start: ${facts.join('; ')}.`;
}
