// Recordings: bring them in, look at them, choose how they are prepared.
import { showView } from '../actions/view';
import { Panel } from '../components/Panel';
import { AddressField } from '../sessions/AddressField';
import { DropZone } from '../sessions/DropZone';
import { ImportProgressBar } from '../sessions/ImportProgressBar';
import { OriginPanel } from '../sessions/OriginPanel';
import { PreparationPanel } from '../sessions/PreparationPanel';
import { QualityPanel } from '../sessions/QualityPanel';
import { SeriesPicker } from '../sessions/SeriesPicker';
import { SessionTable } from '../sessions/SessionTable';
import { SpectrumPanel } from '../sessions/SpectrumPanel';
import { StorageNote } from '../sessions/StorageNote';
import { TagFilter } from '../sessions/TagFilter';
import { TracePanel } from '../sessions/TracePanel';
import { Welcome } from '../sessions/Welcome';
import { sessionStore } from '../stores/sessionStore';

/** Of those that wait. */
const MOST_NAMED = 8;

export function SessionsView() {
  const { sessions, selectedId, opened } = sessionStore();
  const selected = sessions.find(({ id }) => id === selectedId);
  return (
    <>
      <ImportProgressBar />
      {sessions.length === 0 && opened.length === 0 && <Welcome />}
      {opened.length > 0 && <SeriesPicker key={opened[0].token} file={opened[0]} />}
      {opened.length > 1 && (
        <p className="dim small">
          Then waiting for a choice:{' '}
          {opened
            .slice(1, 1 + MOST_NAMED)
            .map(({ fileName }) => fileName)
            .join(', ')}
          {opened.length > 1 + MOST_NAMED && ` and ${opened.length - 1 - MOST_NAMED} more`}
        </p>
      )}
      {sessions.length > 0 && (
        <Panel
          title="Sessions"
          aside={
            <span className="dim small">
              The teacher learns from all of them; the student is made for the chosen one.
            </span>
          }
          tools={
            <button type="button" className="primary" onClick={() => showView('teacher')}>
              Next: Teacher
            </button>
          }
        >
          <TagFilter sessions={sessions} />
          <SessionTable />
          <DropZone isCompact />
          <AddressField />
          <StorageNote sessions={sessions} />
        </Panel>
      )}
      {selected && (
        <>
          <QualityPanel key={selected.id} session={selected} />
          <PreparationPanel session={selected} />
          {selected.provenance && <OriginPanel provenance={selected.provenance} />}
          <div className="columns">
            <TracePanel key={selected.id} session={selected} />
            <SpectrumPanel session={selected} />
          </div>
        </>
      )}
    </>
  );
}
