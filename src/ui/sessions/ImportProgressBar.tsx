// How far reading a recording is, with the way to stop it.
import { cancelImport } from '../actions/adding';
import { useClient } from '../clientContext';
import { formatBytes, formatDuration } from '../format';
import { sessionStore } from '../stores/sessionStore';

export function ImportProgressBar() {
  const client = useClient();
  const importing = sessionStore((state) => state.importing);
  if (!importing) return null;
  const { fileName, text, fraction, leftS, timesRealTime, receivedBytes, how } = importing;
  const facts = [
    fraction === undefined ? undefined : `${Math.floor(100 * fraction)} %`,
    receivedBytes === undefined ? undefined : `${formatBytes(receivedBytes)} received`,
    timesRealTime === undefined ? undefined : `${timesRealTime.toPrecision(3)} times real time`,
    leftS === undefined ? undefined : `${formatDuration(leftS)} left`,
  ].filter(Boolean);
  return (
    <section className="banner importing" aria-label="Reading a recording">
      <div className="stack">
        <strong className="ellipsis">
          {text} {fileName}
        </strong>
        <div
          className="meter"
          role="progressbar"
          aria-label={`${text} ${fileName}`}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={fraction === undefined ? undefined : Math.floor(100 * fraction)}
        >
          <div style={{ width: `${100 * (fraction ?? 0)}%` }} />
        </div>
        <span className="dim small figure">
          {facts.length > 0 ? facts.join(', ') : 'Starting …'}
        </span>
        {how && <span className="dim small">{how}</span>}
      </div>
      <button type="button" onClick={() => void cancelImport(client)}>
        Cancel
      </button>
    </section>
  );
}
