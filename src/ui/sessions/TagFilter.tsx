// Chooses which of the sessions the table shows, by their tags.
import type { SessionSummary } from '../../worker/recordingsApi';
import { toggleTag } from '../actions/sessions';
import { sessionStore } from '../stores/sessionStore';
import { tagsOf, withTags } from './grouping';

export function TagFilter({ sessions }: { sessions: readonly SessionSummary[] }) {
  const wanted = sessionStore((state) => state.wantedTags);
  const tags = tagsOf(sessions);
  if (tags.length === 0) return null;
  const hidden = sessions.length - withTags(sessions, wanted).length;
  return (
    <fieldset className="bare row" aria-label="Show only tagged">
      <span className="dim small">Show only</span>
      {tags.map((tag) => (
        <button
          key={tag}
          type="button"
          className="tag"
          aria-pressed={wanted.includes(tag)}
          onClick={() => toggleTag(tag)}
        >
          {tag}
        </button>
      ))}
      {hidden > 0 && (
        <span className="dim small">
          {hidden} not shown; the teacher learns from {hidden === 1 ? 'it' : 'them'} all the same.
        </span>
      )}
    </fieldset>
  );
}
