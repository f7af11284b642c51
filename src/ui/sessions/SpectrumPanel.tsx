// The power spectrum of the chosen session.
import { useState } from 'react';
import type { SessionSummary } from '../../worker/recordingsApi';
import { useClient } from '../clientContext';
import { FaultBox } from '../components/FaultBox';
import { Panel } from '../components/Panel';
import { SyntheticChip } from '../components/SyntheticChip';
import { SpectrumPlot } from '../plots/SpectrumPlot';
import { settingsStore } from '../stores/settingsStore';
import { usePromise } from '../usePromise';

export function SpectrumPanel({ session }: { session: SessionSummary }) {
  const client = useClient();
  const setHz = settingsStore((state) => state.data.notchHz);
  const [isNotched, setNotched] = useState(false);
  const notchHz = isNotched ? setHz : 0;
  const { value, fault } = usePromise(
    `${session.id} ${session.channelsUsed.join()} ${notchHz}`,
    () => client.spectrum(session.id, notchHz),
    'The spectrum could not be computed.',
  );
  return (
    <Panel title="Spectrum" aside={session.synthetic && <SyntheticChip />}>
      {setHz !== 0 && !session.alreadyFrames && (
        <label className="small">
          <input
            type="checkbox"
            checked={isNotched}
            onChange={(event) => setNotched(event.target.checked)}
          />
          behind the {setHz} Hz notch
        </label>
      )}
      {fault && <FaultBox fault={fault} />}
      {value && <SpectrumPlot spectrum={value} />}
      {!value && !fault && <div className="empty">Computing …</div>}
    </Panel>
  );
}
