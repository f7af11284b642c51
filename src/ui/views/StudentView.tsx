// Distillation, then fine-tuning, then the score on frames that no training has seen.
import { showView } from '../actions/view';
import { MissingNotice } from '../components/MissingNotice';
import { Panel } from '../components/Panel';
import { LossChart } from '../plots/LossChart';
import { missingFor } from '../requirements';
import { runStore } from '../stores/runStore';
import { sessionStore } from '../stores/sessionStore';
import { ModelPanel } from '../training/ModelPanel';
import { PresetPanel } from '../training/PresetPanel';
import { ResultTable } from '../training/ResultTable';
import { RunPanel } from '../training/RunPanel';

const PARTS = {
  loss: 'total',
  alignment: 'alignment',
  reconstruction: 'reconstruction',
  task: 'task',
};

export function StudentView() {
  const { sessions, selectedId } = sessionStore();
  const { results, models, status, progress } = runStore();
  const missing = missingFor('student', sessions, selectedId, models)?.text;
  const blockedDistil = missing ?? (models.teacher ? undefined : 'Train or load a teacher first');
  const blockedTuning = missing ?? (models.student ? undefined : 'Distil or load a student first');
  return (
    <>
      <MissingNotice view="student" />
      {results && <ResultTable results={results} />}
      <div className="columns side">
        <div className="stack">
          <PresetPanel stages={['student', 'finetune']} />
          <ModelPanel which="student" />
          {models.student && status === 'idle' && (
            <button type="button" className="primary" onClick={() => showView('decode')}>
              Next: Decode
            </button>
          )}
        </div>
        <div className="stack">
          <RunPanel stage="student" startLabel="Distil the student" blocked={blockedDistil} />
          {progress.student && (
            <Panel title="Distillation">
              <LossChart
                stage="student"
                title="Distillation loss and its parts"
                yLabel="Loss"
                train={['loss', 'alignment', 'reconstruction', 'task']}
                heldOut={['loss']}
                labels={PARTS}
              />
            </Panel>
          )}
          <RunPanel stage="finetune" startLabel="Fine-tune the student" blocked={blockedTuning} />
          {progress.finetune && (
            <Panel title="Fine-tuning">
              <div className="columns">
                <LossChart
                  stage="finetune"
                  title="Behaviour error"
                  yLabel="Mean squared error (z²)"
                  train={['loss']}
                  heldOut={[]}
                  labels={{ loss: 'behaviour' }}
                />
                <LossChart
                  stage="finetune"
                  title="Score on the validation fold"
                  yLabel="Mean R²"
                  train={[]}
                  heldOut={['meanR2']}
                  labels={{ meanR2: 'mean R²' }}
                />
              </div>
            </Panel>
          )}
        </div>
      </div>
    </>
  );
}
