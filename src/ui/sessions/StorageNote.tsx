// How much of the browser's storage the studio uses.
import type { SessionSummary } from '../../worker/recordingsApi';
import { formatBytes } from '../format';
import { usePromise } from '../usePromise';

export function StorageNote({ sessions }: { sessions: readonly SessionSummary[] }) {
  const { value } = usePromise(
    sessions.map(({ id }) => id).join(),
    () => navigator.storage.estimate(),
    'The storage could not be measured.',
  );
  if (value?.usage === undefined || value.quota === undefined) return null;
  return (
    <p className="dim small figure">
      Storage: {formatBytes(value.usage)} used of the {formatBytes(value.quota)} this browser gives
      the studio.
    </p>
  );
}
