// Prints the description of the adapter that Dawn offers in Node; exit code 1 when there is none.
import { create } from 'webgpu';

// Dawn aborts the process when this object is collected, so it stays reachable.
globalThis.dawn = create([]);
const adapter = await globalThis.dawn.requestAdapter();
if (adapter)
  console.log(`${adapter.info.description || adapter.info.device} (${adapter.info.vendor})`);
// An adapter that is still referenced keeps Node running.
process.exit(adapter ? 0 : 1);
