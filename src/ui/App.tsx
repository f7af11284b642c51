// The whole page: the gate, or header, messages and the view that is open.
import { useEffect, useState } from 'react';
import { closeStaleDecoder } from './actions/decoding';
import { listenToKeys } from './actions/keyboard';
import { ClientContext, type StudioClient } from './clientContext';
import { DemoBanner } from './components/DemoBanner';
import { Faults } from './components/Faults';
import { Header } from './components/Header';
import { Help } from './components/Help';
import { Note } from './components/Note';
import { checkWebGpu, type GateReason } from './gate/checkWebGpu';
import { Gate } from './gate/Gate';
import { settingsStore, type View } from './stores/settingsStore';
import { useTheme } from './useTheme';
import { DecodeView } from './views/DecodeView';
import { SessionsView } from './views/SessionsView';
import { StudentView } from './views/StudentView';
import { TeacherView } from './views/TeacherView';

const VIEW_COMPONENTS: Record<View, () => React.ReactNode> = {
  sessions: SessionsView,
  teacher: TeacherView,
  student: StudentView,
  decode: DecodeView,
};

interface AppProps {
  /** Starts the worker; called once WebGPU is known to work. */
  connect: () => StudioClient;
}

export function App({ connect }: AppProps) {
  const theme = useTheme();
  const [client, setClient] = useState<StudioClient>();
  const [reason, setReason] = useState<GateReason>();
  const view = settingsStore((state) => state.view);

  useEffect(() => {
    let isCurrent = true;
    void checkWebGpu().then((found) => {
      if (!isCurrent) return;
      if (found) setReason(found);
      else setClient(connect);
    });
    return () => {
      isCurrent = false;
    };
  }, [connect]);

  useEffect(() => client && listenToKeys(client), [client]);
  useEffect(() => client && closeStaleDecoder(client), [client]);

  if (reason) return <Gate reason={reason} />;
  if (!client) return null;
  const ViewComponent = VIEW_COMPONENTS[view];
  return (
    <ClientContext value={client}>
      <Header />
      <main data-theme={theme}>
        <DemoBanner />
        <Faults />
        <ViewComponent />
      </main>
      <Note />
      <Help />
    </ClientContext>
  );
}
