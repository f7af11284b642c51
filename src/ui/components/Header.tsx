// Brand, the four views with what each still needs, the adapter, theme and help.
import { nextTheme, showView, toggleHelp } from '../actions/view';
import { missingFor } from '../requirements';
import { runStore } from '../stores/runStore';
import { sessionStore } from '../stores/sessionStore';
import { settingsStore, VIEWS, type View } from '../stores/settingsStore';

const TITLES: Record<View, string> = {
  sessions: 'Sessions',
  teacher: 'Teacher',
  student: 'Student',
  decode: 'Decode',
};

const READY: Record<View, string> = {
  sessions: 'Recordings in',
  teacher: 'Learns the LFP',
  student: 'Learns to decode',
  decode: 'Frame by frame',
};

export function Header() {
  const view = settingsStore((state) => state.view);
  const theme = settingsStore((state) => state.theme);
  const adapter = runStore((state) => state.adapter);
  const models = runStore((state) => state.models);
  const { sessions, selectedId } = sessionStore();
  return (
    <header className="header">
      <div className="brand">
        <img src="./icon.svg" alt="" />
        REALM Studio
      </div>
      <div className="tabs" role="tablist" aria-label="Views">
        {VIEWS.map((name, i) => {
          const missing = missingFor(name, sessions, selectedId, models);
          return (
            <button
              key={name}
              type="button"
              role="tab"
              aria-selected={view === name}
              className={`tab ${missing ? '' : 'ready'}`}
              onClick={() => showView(name)}
            >
              <span className="number">{i + 1}</span>
              <span>{TITLES[name]}</span>
              <small>
                {name === 'sessions' && sessions.length > 0
                  ? `${sessions.length} loaded`
                  : (missing?.text ?? READY[name])}
              </small>
            </button>
          );
        })}
      </div>
      <div className="corner">
        {adapter && (
          <span className="chip adapter" title={`Graphics adapter: ${adapter.name}`}>
            {adapter.isSoftware ? `software: ${adapter.name}` : adapter.name}
          </span>
        )}
        <button type="button" className="quiet" title="Colour theme" onClick={nextTheme}>
          Theme: {theme === 'system' ? 'auto' : theme}
        </button>
        <button type="button" className="quiet" title="Help and shortcuts (?)" onClick={toggleHelp}>
          ?
        </button>
      </div>
    </header>
  );
}
