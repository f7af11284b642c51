// The short message at the bottom, with undo where there is one.
import { hideNote } from '../actions/view';
import { viewStore } from '../stores/viewStore';

export function Note() {
  const note = viewStore((state) => state.note);
  if (!note) return null;
  const undo = () => {
    note.undo?.();
    hideNote();
  };
  return (
    <div className="note" role="status">
      {note.text}
      {note.undo && (
        <button type="button" onClick={undo}>
          Undo
        </button>
      )}
      <button type="button" aria-label="Close message" onClick={hideNote}>
        ×
      </button>
    </div>
  );
}
