// The model that is held: what it is, out to a file and in from one.
import { counted } from '../../base/counted';
import { downloadModel, loadModel } from '../actions/models';
import { useClient } from '../clientContext';
import { Panel } from '../components/Panel';
import { SyntheticChip } from '../components/SyntheticChip';
import { formatCount } from '../format';
import { runStore } from '../stores/runStore';

export function ModelPanel({ which }: { which: 'teacher' | 'student' }) {
  const client = useClient();
  const model = runStore((state) => state.models[which]);
  const isRunning = runStore((state) => state.status !== 'idle');
  return (
    <Panel
      title={which === 'teacher' ? 'Teacher held' : 'Student held'}
      aside={model?.synthetic && <SyntheticChip />}
    >
      {model ? (
        <p className="small">
          {model.preset}
          {model.isPaperScale ? '' : ' (not paper scale)'}, {formatCount(model.parameterCount)}{' '}
          parameters, {counted(model.channelCount, 'channel')}
          {model.outputs.length > 0 && `, decodes ${model.outputs.join(', ')}`}
          {model.tunedTo && `, fine-tuned to ${model.tunedTo}`}
          {model.precision === 'mixed' && ', trained in mixed precision'}.
        </p>
      ) : (
        <p className="small dim">None yet: train one, or load a file.</p>
      )}
      <div className="row">
        <button
          type="button"
          disabled={!model || isRunning}
          onClick={() => void downloadModel(client, which)}
        >
          Download .safetensors
        </button>
        <label className="button file-button">
          Load .safetensors
          <input
            type="file"
            accept=".safetensors"
            disabled={isRunning}
            onChange={(event) => {
              const [file] = event.target.files ?? [];
              event.target.value = '';
              if (file) void loadModel(client, file);
            }}
          />
        </label>
      </div>
    </Panel>
  );
}
