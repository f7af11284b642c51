// Pretraining: the teacher learns all recordings by filling in hidden stretches.
import { showView } from '../actions/view';
import { MissingNotice } from '../components/MissingNotice';
import { Panel } from '../components/Panel';
import { LossChart } from '../plots/LossChart';
import { ReconstructionPlot } from '../plots/ReconstructionPlot';
import { runStore } from '../stores/runStore';
import { sessionStore } from '../stores/sessionStore';
import { ModelPanel } from '../training/ModelPanel';
import { PresetPanel } from '../training/PresetPanel';
import { RunPanel } from '../training/RunPanel';

export function TeacherView() {
  const hasSessions = sessionStore((state) => state.sessions.length > 0);
  const { reconstruction, models, status, progress } = runStore();
  return (
    <>
      <MissingNotice view="teacher" />
      <div className="columns side">
        <div className="stack">
          <PresetPanel stages={['teacher']} />
          <ModelPanel which="teacher" />
        </div>
        <div className="stack">
          <RunPanel
            stage="teacher"
            startLabel="Train the teacher"
            blocked={hasSessions ? undefined : 'Add a recording first.'}
          />
          <Panel
            title="Learning"
            tools={
              models.teacher &&
              status === 'idle' && (
                <button type="button" className="primary" onClick={() => showView('student')}>
                  Next: Student
                </button>
              )
            }
          >
            {progress.teacher && (
              <LossChart
                stage="teacher"
                title="Error on hidden frames"
                yLabel="Mean squared error (z²)"
                train={['loss']}
                heldOut={['maskedLoss']}
                labels={{ loss: 'masked frames', maskedLoss: 'masked frames' }}
              />
            )}
            {reconstruction ? (
              <ReconstructionPlot picture={reconstruction} />
            ) : (
              <div className="empty">
                After the first epoch: what the teacher makes of hidden stretches of LFP.
              </div>
            )}
          </Panel>
        </div>
      </div>
    </>
  );
}
