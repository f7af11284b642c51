// Says what a view still needs and leads to it.
import { showView } from '../actions/view';
import { missingFor } from '../requirements';
import { runStore } from '../stores/runStore';
import { sessionStore } from '../stores/sessionStore';
import type { View } from '../stores/settingsStore';

export function MissingNotice({ view }: { view: View }) {
  const { sessions, selectedId } = sessionStore();
  const models = runStore((state) => state.models);
  const missing = missingFor(view, sessions, selectedId, models);
  if (!missing) return null;
  const { text, from } = missing;
  return (
    <div className="missing">
      <strong>{text}.</strong>
      <button type="button" onClick={() => showView(from)}>
        Go to {from.charAt(0).toUpperCase() + from.slice(1)}
      </button>
    </div>
  );
}
