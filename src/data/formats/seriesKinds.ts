/** What a name and a unit say about a series: behaviour, LFP, time or a sampling rate. */

const BEHAVIOUR =
  /(^|[^a-z])(mov|behav|pos|position|vel|veloc|velocity|speed|force|forces|grip|kin|kinematics?|cursor|hand|handvel|finger|fingers|target|targets|targetpos|glove|emg|acc|accel|joystick|eye|gaze|angle|wheel|licking|torque)([^a-z]|$)/;
/** Long enough not to lie within another word. */
const BEHAVIOUR_PART = /behav|veloc|force|kinemat|cursor|emg|joystick|glove/;
const LFP =
  /(^|[^a-z])(lfp|lfps|ecog|ieeg|seeg|eeg|dbs|stn|field|broadband|raw|voltage|csc\d*|ch ?\d+|chan(nel)? ?\d*|elec\d*|electrodes?|wideband)([^a-z]|$)/;
const TIME = /^(t|ts|times?|time_?(stamps?|frame|axis|s|vec(tor)?)|seconds?|sec)$/;
const RATE =
  /^(fs|sr|sf|srate|fsample|rate|rate_?hz|frame_?rate(_?hz)?|sampl(e|ing)_?(rate|freq|frequency)(_?hz)?|adfreq|freq)$/;

/** Splits camel case and underscores, so that `HandVel` and `hand_vel` read alike. */
function words(name: string): string {
  return name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/_/g, ' ')
    .toLowerCase();
}

export function kindOfName(name: string, unit = ''): 'lfp' | 'behaviour' | 'unknown' {
  const text = words(name);
  if (BEHAVIOUR.test(text) || BEHAVIOUR_PART.test(text)) return 'behaviour';
  if (LFP.test(text) || isVoltage(unit)) return 'lfp';
  return 'unknown';
}

export function isTimeName(name: string): boolean {
  return TIME.test(name.trim().toLowerCase());
}

export function isRateName(name: string): boolean {
  return RATE.test(name.trim().toLowerCase());
}

/** Factor from this unit to microvolts, or undefined when it is no voltage. */
export function microvoltsPer(unit: string): number | undefined {
  const text = unit.trim().replace(/[\u00b5\u03bc]/g, 'u');
  if (/^v(olts?)?$/i.test(text)) return 1e6;
  if (/^m(illi)?v(olts?)?$/i.test(text)) return 1e3;
  if (/^(u|micro)v(olts?)?$/i.test(text)) return 1;
  if (/^n(ano)?v(olts?)?$/i.test(text)) return 1e-3;
  return undefined;
}

export function isVoltage(unit: string): boolean {
  return microvoltsPer(unit) !== undefined;
}
