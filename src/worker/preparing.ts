/** Sessions as frames with folds, under the settings a person chose; kept until these change. */
import { extractFeatures, type Features, type FrontEndOptions } from '../data/features';
import type { Session } from '../data/session';
import { contiguousSplit, randomSegmentSplit, type Split } from '../data/splits';
import type { DataSettings, Preparation } from './recordingsApi';

export interface Prepared {
  features: Features;
  split: Split;
}

/** The random split is the same for every run, so that seeds compare networks and not folds. */
const SPLIT_SEED = 42;

export class Preparer {
  /** By identity: a session whose channels changed is another one. */
  #kept = new WeakMap<Session, Prepared>();
  #settings = '';

  /** @throws one sentence when the session is too short or too slow for these settings */
  prepare(session: Session, data: DataSettings): Prepared {
    const settings = JSON.stringify(data);
    if (settings !== this.#settings) this.#kept = new WeakMap();
    this.#settings = settings;
    const kept = this.#kept.get(session);
    if (kept) return kept;
    const features = extractFeatures(session, frontEndOf(data, data.frontEnd));
    const split =
      data.split === 'contiguous'
        ? contiguousSplit(features)
        : randomSegmentSplit(features, { seed: SPLIT_SEED });
    const prepared = { features, split };
    this.#kept.set(session, prepared);
    return prepared;
  }
}

/** The settings' front end, or another kind with the same settings; the published chain has no band powers. */
export function frontEndOf(data: DataSettings, kind: DataSettings['frontEnd']): FrontEndOptions {
  const { notchHz, reference, powerBandsHz, behaviourAsVelocity, runningZScoreS } = data;
  return {
    kind,
    notchHz,
    ...(reference && { reference }),
    ...(kind === 'realtime' && powerBandsHz && { powerBandsHz }),
    behaviourAsVelocity,
    ...(runningZScoreS !== undefined && { runningZScoreS }),
  };
}

export function splitTextOf(split: Split): string {
  return split.kind === 'contiguous'
    ? `contiguous, last 20 % tested, ${split.guardS} s guard`
    : `random 5 s segments 72/8/20, split seed ${split.seed}`;
}

export function preparationOf({ features, split }: Prepared): Preparation {
  const {
    sessionId,
    frontEnd,
    importedThrough,
    groupDelayMs,
    bandDelaysMs = [],
    frameRateHz,
    frameCount,
  } = features;
  return {
    sessionId,
    frontEnd,
    importedThrough,
    groupDelayMs,
    bandDelaysMs,
    frameRateHz,
    frameCount,
    folds: { train: split.train, validation: split.validation, test: split.test },
    splitText: splitTextOf(split),
  };
}
