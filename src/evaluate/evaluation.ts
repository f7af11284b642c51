// The record that goes with every number: what was scored, how, and where. Plain data, no computing.
import type { Score } from './metrics';

/** One scored model with everything needed to judge the number or repeat it. */
export interface Evaluation {
  /** Name a reader knows, for example "student" or "ridge". */
  model: string;
  score: Score;
  /** How the frames were divided, for example "contiguous 72/8/20, 5 s guard". */
  split: string;
  /** `realtime` or `offline-paper`. */
  frontEnd: string;
  seed: number;
  /** Device that computed it, for example "llvmpipe" or "cpu (float64)". */
  adapter: string;
  settings: Record<string, string | number>;
  /** ISO 8601 time. */
  trainedAt: string;
  /** True when the recording was generated, so that no one takes the number for a finding. */
  synthetic: boolean;
}

const COLUMNS = [
  'model',
  'mean R2',
  'R2',
  'mean r',
  'r',
  'combined R2',
  'frames',
  'split',
  'front end',
];
const DECIMALS = 3;
const NO_VALUE = 'n/a';

/**
 * A markdown table that also reads well as plain text, one row per evaluation in the given order,
 * followed by one line per evaluation with seed, adapter, settings and time.
 */
export function formatEvaluations(evaluations: readonly Evaluation[]): string {
  if (evaluations.length === 0) return 'No evaluations yet.';
  const rows = [COLUMNS, ...evaluations.map(tableRow)];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) => tableLine(row, widths));
  lines.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  return [...lines, '', ...evaluations.map(recordLine)].join('\n');
}

function tableRow(evaluation: Evaluation): string[] {
  const { score, split, frontEnd } = evaluation;
  return [
    label(evaluation),
    number(score.meanR2),
    score.outputs.map(({ name, r2 }) => `${name} ${number(r2)}`).join(', '),
    number(score.meanR),
    score.outputs.map(({ name, r }) => `${name} ${number(r)}`).join(', '),
    number(score.combinedR2),
    String(score.frames),
    split,
    frontEnd,
  ].map(cell);
}

function recordLine(evaluation: Evaluation): string {
  const { seed, adapter, settings, trainedAt } = evaluation;
  const pairs = Object.entries(settings).map(([key, value]) => `${key} ${value}`);
  return cell(
    [`- ${label(evaluation)}: seed ${seed}`, `adapter ${adapter}`, ...pairs, trainedAt].join(', '),
  );
}

function label({ model, synthetic }: Evaluation): string {
  return synthetic ? `${model} (synthetic)` : model;
}

function tableLine(row: readonly string[], widths: readonly number[]): string {
  return `| ${row.map((text, column) => text.padEnd(widths[column])).join(' | ')} |`;
}

function number(value: number | undefined): string {
  return value === undefined ? NO_VALUE : value.toFixed(DECIMALS);
}

// A bar or a line break in a name taken from a file would break the table.
function cell(text: string): string {
  return text.replace(/\|/g, '/').replace(/\s+/g, ' ');
}
