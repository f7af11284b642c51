// Shortcuts and the path in five sentences.
import { useEffect, useRef } from 'react';
import { SHORTCUTS } from '../actions/keyboard';
import { toggleHelp } from '../actions/view';
import { viewStore } from '../stores/viewStore';

export function Help() {
  const isOpen = viewStore((state) => state.isHelpOpen);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
  }, [isOpen]);
  if (!isOpen) return null;
  const onCancel = (event: React.SyntheticEvent) => {
    event.preventDefault();
    toggleHelp();
  };
  return (
    <dialog ref={dialog} onCancel={onCancel} aria-label="Help">
      <h2>How it works</h2>
      <p className="small" style={{ marginTop: '0.6rem' }}>
        A <b>teacher</b> that sees past and future learns the recordings by filling in hidden
        stretches of LFP. A smaller <b>student</b> that sees only the past learns to form the same
        picture, then is tuned to one session’s behaviour. A fold that no training has seen scores
        it once, beside ridge regression. Everything runs on this machine; no recording leaves it.
      </p>
      <dl className="keys small">
        {SHORTCUTS.map(({ keys, does }) => (
          <div key={keys} style={{ display: 'contents' }}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <button type="button" className="primary" onClick={toggleHelp}>
        Close
      </button>
    </dialog>
  );
}
