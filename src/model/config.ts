// The sizes of one network, with the paper's letters; nothing here knows about training.

export interface ModelConfig {
  /** C: electrodes. */
  readonly channelCount: number;
  /** Feature bands per channel; 1 for plain band-limited LFP. */
  readonly bandCount: number;
  /** D: width of the residual stream. */
  readonly modelDim: number;
  readonly layerCount: number;
  /** N: state size per head channel; even. */
  readonly stateDim: number;
  /** P: channels per head. */
  readonly headDim: number;
  /** Inner width over model width. */
  readonly expand: number;
  /** Taps of the depthwise convolution. */
  readonly convTaps: number;
  /** Feature maps per electrode in the tokenizer. */
  readonly channelDim: number;
  /** Taps of the channel attention; odd. */
  readonly ecaTaps: number;
  readonly bidirectional: boolean;
  /** K: behaviour columns. */
  readonly outputCount: number;
}

type InnerSize = Pick<ModelConfig, 'expand' | 'modelDim'>;

export const innerDim = ({ expand, modelDim }: InnerSize): number => expand * modelDim;

/** H: SSM heads. */
export const headCount = (config: InnerSize & Pick<ModelConfig, 'headDim'>): number =>
  innerDim(config) / config.headDim;

/** Columns of one LFP frame: channel-major, then band. */
export const lfpColumns = (config: ModelConfig): number => config.channelCount * config.bandCount;

/**
 * Checks what the equations need.
 * @throws Error naming the size, what was expected and what came
 */
export function checkConfig(config: ModelConfig): ModelConfig {
  for (const [name, value] of Object.entries(config)) {
    if (typeof value === 'number' && !(Number.isInteger(value) && value >= 1)) {
      throw new Error(`[model] expected ${name} to be a whole number of at least 1, got ${value}`);
    }
  }
  // The kernels of norms and SSD read four numbers at a time.
  for (const name of ['modelDim', 'stateDim', 'headDim'] as const) {
    if (config[name] % 4 !== 0) {
      throw new Error(`[model] expected ${name} to be a multiple of 4, got ${config[name]}`);
    }
  }
  if (config.ecaTaps % 2 !== 1) {
    throw new Error(`[model] expected an odd number of ecaTaps, got ${config.ecaTaps}`);
  }
  if (innerDim(config) % config.headDim !== 0) {
    throw new Error(
      `[model] expected expand * modelDim to be a multiple of headDim ${config.headDim}, got ${innerDim(config)}`,
    );
  }
  return config;
}
