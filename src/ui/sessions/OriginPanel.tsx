// Where a session came from: its files, how they were read, and by what.
import type { Provenance } from '../../data/provenance';
import { Panel } from '../components/Panel';
import { formatBytes, formatRate } from '../format';
import { mappingLines } from './mappingText';

export function OriginPanel({ provenance }: { provenance: Provenance }) {
  const { files, mapping, frontEnd, sourceRateHz, softwareVersion } = provenance;
  return (
    <Panel title="Where it came from">
      <dl className="origin small">
        <dt className="name">{files.length === 1 ? 'File' : 'Files'}</dt>
        {files.map((file) => (
          <dd className="fact" key={file.name}>
            {'url' in file ? (
              <>
                {file.name} <span className="dim">from {file.url}, read in parts</span>
              </>
            ) : (
              <>
                {file.name}, {formatBytes(file.byteLength)}{' '}
                <span className="dim" title={file.sha256OfBlocks}>
                  SHA-256 of its blocks {file.sha256OfBlocks.slice(0, 12)} …
                </span>
              </>
            )}
          </dd>
        ))}
        <dt className="name">Mapping</dt>
        {mappingLines(mapping).map((line) => (
          <dd className="fact" key={line}>
            {line}
          </dd>
        ))}
        <dt className="name">Read as</dt>
        <dd className="fact">
          {frontEnd
            ? `frames at ${formatRate(frontEnd.frameRateHz)} by the ${frontEnd.kind} front end, from ${formatRate(sourceRateHz)}`
            : `samples at ${formatRate(sourceRateHz)}, before any front end`}
        </dd>
        <dt className="name">By</dt>
        <dd className="fact">{softwareVersion}</dd>
      </dl>
    </Panel>
  );
}
