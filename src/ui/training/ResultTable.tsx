// The honest score: every model on the same test fold, with all that is needed to judge it.
import type { Results } from '../../worker/trainingApi';
import { Panel } from '../components/Panel';
import { SyntheticChip } from '../components/SyntheticChip';
import { formatCount, formatScore } from '../format';

export function ResultTable({ results }: { results: Results }) {
  const { evaluations, sessionName, oracleR2 } = results;
  const [first] = evaluations;
  if (!first) return null;
  const outputs = first.score.outputs.map(({ name }) => name);
  return (
    <Panel
      title={`Test score: ${sessionName}`}
      aside={first.synthetic && <SyntheticChip />}
      tools={
        <span className="dim small">{formatCount(first.score.frames)} frames, scored once</span>
      }
    >
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>Model</th>
              <th className="number">mean R²</th>
              {outputs.flatMap((name) => [
                <th key={`${name} r2`} className="number">{`${name} R²`}</th>,
                <th key={`${name} r`} className="number">{`${name} r`}</th>,
              ])}
              <th>Split</th>
              <th>Front end</th>
              <th className="number">Seed</th>
              <th>Adapter</th>
            </tr>
          </thead>
          <tbody>
            {evaluations.map(({ model, score, split, frontEnd, seed, adapter, settings }, i) => (
              <tr key={model} className={i === 0 ? 'headline' : ''} data-model={model}>
                <td>
                  {model}
                  {settings.precision === 'mixed' && (
                    <span className="small dim"> in mixed precision</span>
                  )}
                </td>
                <td className="number">{formatScore(score.meanR2)}</td>
                {score.outputs.flatMap(({ name, r2, r }) => [
                  <td key={`${name} r2`} className="number">
                    {formatScore(r2)}
                  </td>,
                  <td key={`${name} r`} className="number dim">
                    {formatScore(r)}
                  </td>,
                ])}
                <td>{split}</td>
                <td>{frontEnd}</td>
                <td className="number">{seed}</td>
                <td>{adapter}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="small dim">
        R² per output, and its mean; r is Pearson’s. Epochs and penalties were chosen on the
        validation fold.
        {oracleR2 &&
          ` A linear decoder that knows how this recording was generated, but sees one frame at a time, reaches ${oracleR2.map((r2) => r2.toFixed(3)).join(' and ')}.`}
      </p>
    </Panel>
  );
}
