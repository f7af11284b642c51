// Where recordings are dropped or picked.
import { useState } from 'react';
import { addFiles } from '../actions/adding';
import { addBuiltIn } from '../actions/sessions';
import { useClient } from '../clientContext';
import { runStore } from '../stores/runStore';
import { sessionStore } from '../stores/sessionStore';

export function DropZone({ isCompact }: { isCompact: boolean }) {
  const client = useClient();
  const busy = sessionStore((state) => state.busy);
  const isReady = runStore((state) => state.adapter !== undefined);
  const [isOver, setOver] = useState(false);
  const onDrop = (event: React.DragEvent) => {
    event.preventDefault();
    setOver(false);
    void addFiles(client, [...event.dataTransfer.files]);
  };
  const onDragOver = (event: React.DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  return (
    <section
      className={`drop ${isOver ? 'over' : ''} ${isCompact ? 'compact' : ''}`}
      aria-label="Add recordings"
      onDrop={onDrop}
      onDragOver={onDragOver}
      onDragLeave={() => setOver(false)}
    >
      <div>
        <strong>{busy ? `${busy} …` : 'Drop recordings here'}</strong>
        <p className="dim small">
          NWB (also LINDI), MATLAB, Blackrock, Neuralynx, EDF, BrainVision, NumPy, Arrow, Parquet or
          CSV. They stay on this machine.
        </p>
      </div>
      <div className="row">
        <label className="button file-button">
          Pick files
          <input
            type="file"
            multiple
            disabled={!isReady}
            onChange={(event) => {
              const files = [...(event.target.files ?? [])];
              event.target.value = '';
              void addFiles(client, files);
            }}
          />
        </label>
        <button
          type="button"
          disabled={busy !== undefined || !isReady}
          onClick={() => void addBuiltIn(client)}
        >
          Use the built-in sessions
        </button>
      </div>
    </section>
  );
}
