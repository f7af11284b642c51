// The whole path on the built-in sessions, one stage after the other, each shown as it goes.
import type { Stage } from '../../train/events';
import type { Overrides } from '../../worker/trainingApi';
import type { StudioClient } from '../clientContext';
import { runStore } from '../stores/runStore';
import { sessionStore } from '../stores/sessionStore';
import { settingsStore, type View } from '../stores/settingsStore';
import { openDecoder } from './decoding';
import { addBuiltIn } from './sessions';
import { cancelRun, choosePreset, train } from './training';
import { showNote, showView } from './view';

const STAGES: { stage: Stage; view: View; text: string }[] = [
  {
    stage: 'teacher',
    view: 'teacher',
    text: 'Step 2 of 5: the teacher learns to fill in hidden LFP',
  },
  {
    stage: 'student',
    view: 'student',
    text: 'Step 3 of 5: the causal student learns from the teacher',
  },
  {
    stage: 'finetune',
    view: 'student',
    text: 'Step 4 of 5: the student learns this session’s behaviour',
  },
];

/** What a software adapter on two cores manages in a minute: enough for the student to pass ridge. */
const SOFTWARE_EPOCHS: Record<Stage, Overrides> = {
  teacher: { epochs: 2 },
  student: { epochs: 3 },
  finetune: { epochs: 10 },
};

const SOFTWARE_SESSIONS = 1;

/** Runs the demo to its end, which leaves the decoder playing. */
export async function runDemo(client: StudioClient): Promise<void> {
  const { status, demo, adapter } = runStore.getState();
  if (status !== 'idle' || demo !== undefined) return;
  const say = (text: string | undefined) => runStore.setState({ demo: text });
  say('Step 1 of 5: built-in recordings, generated on this machine');
  try {
    showView('sessions');
    await addBuiltIn(client);
    const builtIn = sessionStore.getState().sessions.filter(({ synthetic }) => synthetic);
    if (builtIn.length === 0) return;
    sessionStore.setState({ selectedId: builtIn[0].id });
    choosePreset(adapter?.isSoftware ? 'nano' : 'tiny');
    settingsStore.setState({ decodeSpeed: 1, decodeLoop: true });
    if (adapter?.isSoftware) settingsStore.setState({ overrides: SOFTWARE_EPOCHS });
    const used = adapter?.isSoftware ? builtIn.slice(0, SOFTWARE_SESSIONS) : builtIn;
    const sessionIds = used.map(({ id }) => id);
    for (const { stage, view, text } of STAGES) {
      if (isCancelled()) return;
      say(text);
      showView(view);
      if ((await train(client, stage, sessionIds)) !== 'done') return;
    }
    if (isCancelled()) return;
    say('Step 5 of 5: decoding, frame by frame');
    showView('decode');
    if (await openDecoder(client))
      showNote('The demo is complete. Everything stays for you to play with.');
  } finally {
    say(undefined);
  }
}

function isCancelled(): boolean {
  return runStore.getState().demo === undefined;
}

export async function cancelDemo(client: StudioClient): Promise<void> {
  runStore.setState({ demo: undefined });
  await cancelRun(client);
}
