// The recordings that are loaded, by subject and day; a click on a row chooses it.
import { useState } from 'react';
import type { SessionSummary } from '../../worker/recordingsApi';
import { downloadSession, removeSession, selectSession } from '../actions/sessions';
import { useClient } from '../clientContext';
import { SyntheticChip } from '../components/SyntheticChip';
import { formatDuration, formatRate, withUnit } from '../format';
import { sessionStore } from '../stores/sessionStore';
import { settingsStore } from '../stores/settingsStore';
import { groupSessions, titleOf, withTags } from './grouping';
import { SessionEditor } from './SessionEditor';

const COLUMNS = 8;

export function SessionTable() {
  const { sessions, selectedId, wantedTags } = sessionStore();
  const groups = groupSessions(withTags(sessions, wantedTags));
  return (
    <div className="scroll long">
      <table>
        <thead>
          <tr>
            <th>Name</th>
            <th className="number">Channels</th>
            <th className="number">Rate</th>
            <th className="number">Length</th>
            <th>Behaviour</th>
            <th>Front end</th>
            <th>Warnings</th>
            <th />
          </tr>
        </thead>
        {groups.map((group) => (
          <tbody key={titleOf(group)} aria-label={titleOf(group)}>
            {(groups.length > 1 || group.subject !== '' || group.day !== '') && (
              <tr>
                <th className="group-title" colSpan={COLUMNS} scope="rowgroup">
                  {titleOf(group)}
                </th>
              </tr>
            )}
            {group.sessions.map((session) => (
              <Row key={session.id} session={session} isSelected={session.id === selectedId} />
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

function Row({ session, isSelected }: { session: SessionSummary; isSelected: boolean }) {
  const client = useClient();
  const [isEdited, setEdited] = useState(false);
  const frontEnd = settingsStore((state) => state.data.frontEnd);
  const { id, name, channelCount, usedChannelCount, behaviourNames, behaviourUnits } = session;
  const behaviour = behaviourNames.map((output, k) => withUnit(output, behaviourUnits[k]));
  if (isEdited) {
    return (
      <tr>
        <td colSpan={COLUMNS}>
          <SessionEditor session={session} onDone={() => setEdited(false)} />
        </td>
      </tr>
    );
  }
  return (
    <tr className={`choosable ${isSelected ? 'selected' : ''}`} onClick={() => selectSession(id)}>
      <td>
        <label>
          <input
            type="radio"
            name="session"
            checked={isSelected}
            onChange={() => selectSession(id)}
          />
          {name}
        </label>{' '}
        {session.synthetic && <SyntheticChip />}
        {session.tags.map((tag) => (
          <span key={tag} className="chip filed">
            {tag}
          </span>
        ))}
      </td>
      <td className="number">
        {usedChannelCount === channelCount
          ? channelCount
          : `${usedChannelCount} of ${channelCount}`}
      </td>
      <td className="number">{formatRate(session.rateHz)}</td>
      <td className="number">{formatDuration(session.lengthS)}</td>
      <td>{behaviour.length > 0 ? behaviour.join(', ') : <span className="dim">none</span>}</td>
      <td>
        {session.provenance?.frontEnd ? (
          <span className="dim">{session.provenance.frontEnd.kind}, on import</span>
        ) : session.alreadyFrames ? (
          <span className="dim">none, already frames</span>
        ) : (
          frontEnd
        )}
      </td>
      <td>
        {session.warnings.length > 0 ? (
          <ul className="warnings">
            {session.warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        ) : (
          <span className="dim">none</span>
        )}
      </td>
      <td className="actions">
        <button
          type="button"
          className="quiet"
          aria-label={`Edit ${name}`}
          onClick={(event) => {
            event.stopPropagation();
            setEdited(true);
          }}
        >
          Edit
        </button>
        <button
          type="button"
          className="quiet"
          aria-label={`Export ${name} as one Arrow file`}
          onClick={(event) => {
            event.stopPropagation();
            void downloadSession(client, session);
          }}
        >
          Export
        </button>
        <button
          type="button"
          className="quiet"
          aria-label={`Remove ${name}`}
          onClick={(event) => {
            event.stopPropagation();
            void removeSession(client, id, name);
          }}
        >
          Remove
        </button>
      </td>
    </tr>
  );
}
