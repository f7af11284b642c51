// What every wait on a lost device throws.

export class DeviceLostError extends Error {
  override name = 'DeviceLostError';
}
