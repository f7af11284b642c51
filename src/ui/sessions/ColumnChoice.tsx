// Which columns of a series are taken, such as the channels of one probe.
interface ColumnChoiceProps {
  all: readonly string[];
  /** Undefined: all. */
  chosen: readonly string[] | undefined;
  change: (chosen: readonly string[] | undefined) => void;
}

export function ColumnChoice({ all, chosen, change }: ColumnChoiceProps) {
  const taken = new Set(chosen ?? all);
  // In the file's order, and none written down where all are meant: other files may have others.
  const take = (wanted: ReadonlySet<string>) => {
    const kept = all.filter((name) => wanted.has(name));
    change(kept.length === all.length ? undefined : kept);
  };
  const toggle = (name: string) => {
    const wanted = new Set(taken);
    if (!wanted.delete(name)) wanted.add(name);
    take(wanted);
  };
  return (
    <details className="columns-chosen">
      <summary className="small">
        Columns:{' '}
        {taken.size === all.length ? `all ${all.length}` : `${taken.size} of ${all.length}`}
      </summary>
      <div className="row">
        <button type="button" className="quiet" onClick={() => take(new Set(all))}>
          All
        </button>
        <button type="button" className="quiet" onClick={() => take(new Set())}>
          None
        </button>
      </div>
      <div className="names">
        {all.map((name) => (
          <label key={name} className="small">
            <input type="checkbox" checked={taken.has(name)} onChange={() => toggle(name)} />
            {name}
          </label>
        ))}
      </div>
    </details>
  );
}
