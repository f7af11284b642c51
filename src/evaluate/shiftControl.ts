// The control beside every score: the same decoder on behaviour that belongs to other moments.
import type { Features } from '../data/features';

/**
 * The features with behaviour shifted circularly by `fraction` of the session, so that its statistics
 * stay and its relation to the LFP goes. A decoder that still scores above about 0 has a leak.
 */
export function withShiftedBehaviour(features: Features, fraction = 0.5): Features {
  const { behaviour, behaviourNames, frameCount, sessionName } = features;
  if (!behaviour)
    throw new Error(
      `[shiftControl] expected a session with behaviour, got none in "${sessionName}"`,
    );
  const shiftValues = Math.round(fraction * frameCount) * behaviourNames.length;
  const shifted = new Float32Array(behaviour.length);
  shifted.set(behaviour.subarray(behaviour.length - shiftValues));
  shifted.set(behaviour.subarray(0, behaviour.length - shiftValues), shiftValues);
  return { ...features, behaviour: shifted };
}
