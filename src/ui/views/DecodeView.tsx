// The decoder at work: one clock for LFP, behaviour and path.
import { useEffect } from 'react';
import { MissingNotice } from '../components/MissingNotice';
import { Panel } from '../components/Panel';
import { BehaviourLines } from '../decode/BehaviourLines';
import { DecodeControls } from '../decode/DecodeControls';
import { LfpStrip } from '../decode/LfpStrip';
import { PlaneTrace } from '../decode/PlaneTrace';
import { missingFor } from '../requirements';
import { decodePulse } from '../series';
import { decodeStore } from '../stores/decodeStore';
import { runStore } from '../stores/runStore';
import { sessionStore } from '../stores/sessionStore';

export function DecodeView() {
  const { sessions, selectedId } = sessionStore();
  const { models, status } = runStore();
  const { layout, isOpening, isPlaying, closedBecause } = decodeStore();
  const missing = missingFor('decode', sessions, selectedId, models);

  // The one clock: every chart of this view draws in the same animation frame.
  useEffect(() => {
    if (!isPlaying) return;
    let request = requestAnimationFrame(function tick() {
      decodePulse.emit();
      request = requestAnimationFrame(tick);
    });
    return () => cancelAnimationFrame(request);
  }, [isPlaying]);

  return (
    <>
      {!layout && <MissingNotice view="decode" />}
      <DecodeControls blocked={!layout && (missing !== undefined || status !== 'idle')} />
      {layout ? (
        <>
          <div className={layout.behaviourNames.length === 2 ? 'columns wide' : 'stack'}>
            <Panel title="Behaviour">
              {layout.behaviourNames.map((name, k) => (
                <BehaviourLines key={name} layout={layout} output={k} />
              ))}
            </Panel>
            {layout.behaviourNames.length === 2 && (
              <Panel title="Path">
                <PlaneTrace layout={layout} />
              </Panel>
            )}
          </div>
          <Panel title="LFP">
            <LfpStrip layout={layout} />
          </Panel>
        </>
      ) : (
        <div className="empty">
          {isOpening
            ? 'Measuring the decoder on the GPU and on the processor …'
            : closedBecause
              ? `The decoder was closed, because ${closedBecause}. Press Play to build it anew.`
              : 'Press Play to replay the test fold through the student.'}
        </div>
      )}
    </>
  );
}
