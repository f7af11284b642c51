// Opens a recording that lies on a server, such as a DANDI asset.
import { useState } from 'react';
import { addAddress } from '../actions/adding';
import { useClient } from '../clientContext';
import { runStore } from '../stores/runStore';
import { sessionStore } from '../stores/sessionStore';

export function AddressField() {
  const client = useClient();
  const isBusy = sessionStore((state) => state.busy !== undefined);
  const isReady = runStore((state) => state.adapter !== undefined);
  const [address, setAddress] = useState('');
  const onSubmit = async (event: React.FormEvent) => {
    event.preventDefault();
    if (await addAddress(client, address.trim())) setAddress('');
  };
  return (
    <form className="row address" onSubmit={(event) => void onSubmit(event)}>
      <label className="stacked">
        Open an address
        <input
          value={address}
          placeholder="https://api.dandiarchive.org/api/assets/…/download/"
          spellCheck={false}
          onChange={({ target }) => setAddress(target.value)}
        />
      </label>
      <button type="submit" disabled={!isReady || isBusy || address.trim() === ''}>
        Open
      </button>
      <span className="dim small">
        Of a file or .zarr folder on a server, such as a DANDI asset, only the needed parts travel.
      </span>
    </form>
  );
}
