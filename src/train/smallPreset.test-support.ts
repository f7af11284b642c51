// A preset whose stages take seconds, for tests of training itself.
import { type OptimiserSettings, type Preset, presetOf } from './settings';

/** @param every what all three stages have in common */
export function smallPreset(layerCount: number, every: Partial<OptimiserSettings>): Preset {
  const nano = presetOf('nano');
  const student = {
    ...nano.student,
    modelDim: 16,
    layerCount,
    stateDim: 8,
    headDim: 8,
    channelDim: 2,
  };
  return {
    ...nano,
    segmentFrames: 50,
    teacher: { ...student, bidirectional: true },
    student,
    pretrain: { ...nano.pretrain, ...every, maskBlockFrames: [3, 10] },
    distil: { ...nano.distil, ...every },
    finetune: { ...nano.finetune, ...every },
  };
}
