// A titled box.
import type { ReactNode } from 'react';

interface PanelProps {
  title: string;
  /** Beside the title. */
  aside?: ReactNode;
  /** At the right end of the title's line. */
  tools?: ReactNode;
  children: ReactNode;
}

export function Panel({ title, aside, tools, children }: PanelProps) {
  return (
    <section className="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {aside}
        {tools && <div className="push row">{tools}</div>}
      </header>
      {children}
    </section>
  );
}
