// Where the demo stands, on every view, with the way out.
import { cancelDemo } from '../actions/demo';
import { useClient } from '../clientContext';
import { runStore } from '../stores/runStore';

export function DemoBanner() {
  const client = useClient();
  const demo = runStore((state) => state.demo);
  if (demo === undefined) return null;
  return (
    <div className="banner" role="status">
      <span>
        <b>Demo.</b> {demo}
      </span>
      <button type="button" className="push" onClick={() => void cancelDemo(client)}>
        Cancel the demo
      </button>
    </div>
  );
}
