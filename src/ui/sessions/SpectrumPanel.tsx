// The power spectrum of the chosen session.
import type { SessionSummary } from '../../worker/api';
import { useClient } from '../clientContext';
import { FaultBox } from '../components/FaultBox';
import { Panel } from '../components/Panel';
import { SyntheticChip } from '../components/SyntheticChip';
import { SpectrumPlot } from '../plots/SpectrumPlot';
import { usePromise } from '../usePromise';

export function SpectrumPanel({ session }: { session: SessionSummary }) {
  const client = useClient();
  const { value, fault } = usePromise(
    `${session.id} ${session.channelsUsed.join()}`,
    () => client.spectrum(session.id),
    'The spectrum could not be computed.',
  );
  return (
    <Panel title="Spectrum" aside={session.synthetic && <SyntheticChip />}>
      {fault && <FaultBox fault={fault} />}
      {value && <SpectrumPlot spectrum={value} />}
      {!value && !fault && <div className="empty">Computing …</div>}
    </Panel>
  );
}
