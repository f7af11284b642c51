// Name, subject and tags of one session.
import { useEffect, useRef, useState } from 'react';
import type { SessionSummary } from '../../worker/recordingsApi';
import { describeSession } from '../actions/sessions';
import { useClient } from '../clientContext';

interface SessionEditorProps {
  session: SessionSummary;
  onDone: () => void;
}

export function SessionEditor({ session, onDone }: SessionEditorProps) {
  const client = useClient();
  const [name, setName] = useState(session.name);
  const [subject, setSubject] = useState(session.subject);
  const [tags, setTags] = useState(session.tags.join(', '));
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector('input')?.select(), []);
  const onSubmit = async (event: React.FormEvent) => {
    event.preventDefault();
    if (await describeSession(client, session, { name, subject, tags: tags.split(',') })) onDone();
  };
  const field = (label: string, value: string, change: (value: string) => void, hint: string) => (
    <label className="stacked">
      {label}
      <input
        value={value}
        placeholder={hint}
        spellCheck={false}
        onChange={({ target }) => change(target.value)}
      />
    </label>
  );
  return (
    <form
      ref={form}
      className="row editor"
      aria-label={`Edit ${session.name}`}
      onSubmit={(event) => void onSubmit(event)}
      onKeyDown={(event) => event.key === 'Escape' && onDone()}
    >
      {field('Name', name, setName, session.name)}
      {field('Subject', subject, setSubject, 'not known')}
      {field('Tags, with commas between', tags, setTags, 'none')}
      <button type="submit" className="primary" disabled={name.trim() === ''}>
        Save
      </button>
      <button type="button" onClick={onDone}>
        Leave as it was
      </button>
    </form>
  );
}
