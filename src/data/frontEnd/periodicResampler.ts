/**
 * Brings one period of a long signal to fewer samples, block by block, and keeps its slow part as it is: what
 * Fourier resampling then does with them is what it would do with the long signal.
 */

/** Of the pass band's ripple and of what folds back into it. */
const ATTENUATION_DB = 140;

export interface PeriodicResampler {
  /** @param block `[channel]`, as many samples of each */
  push(block: readonly Float64Array[]): void;
  /** @returns `[channel][outputCount]` */
  finish(): Float32Array[];
}

/**
 * A windowed sinc around each new sample; the window is Kaiser's (Kaiser and Schafer, 1980).
 * @param passCount the part to keep has at most `passCount / 2` cycles in the period; less than `outputCount`
 */
export function createPeriodicResampler(
  inputCount: number,
  outputCount: number,
  passCount: number,
  channelCount: number,
): PeriodicResampler {
  const ratio = inputCount / outputCount;
  const reach = reachSamples(inputCount, outputCount, passCount);
  const taps = new Float64Array(2 * reach + 2);
  const outputs = Array.from({ length: channelCount }, () => new Float32Array(outputCount));
  let buffers = outputs.map(() => new Float64Array(0));
  let heads: Float64Array[] = buffers;
  let firstSample = 0;
  let endSample = 0;
  // The first ones look back to the end of the period, and so are made last.
  const firstOutput = Math.ceil(reach / ratio);
  let next = firstOutput;

  const append = (block: readonly Float64Array[]) => {
    endSample += block[0].length;
    // Samples that no coming output reaches back to are dropped.
    const drop = Math.min(
      Math.max(0, Math.floor(next * ratio) - reach - firstSample),
      buffers[0].length,
    );
    firstSample += drop;
    buffers = buffers.map((buffer, c) => {
      const kept = new Float64Array(buffer.length - drop + block[c].length);
      kept.set(buffer.subarray(drop));
      kept.set(block[c], buffer.length - drop);
      return kept;
    });
  };

  const makeReachable = (endOutput: number) => {
    for (; next < endOutput && Math.floor(next * ratio) + reach + 1 < endSample; next++) {
      const from = Math.floor(next * ratio) - reach;
      fillTaps(taps, next * ratio - from, reach, outputCount / inputCount);
      buffers.forEach((buffer, c) => {
        let sum = 0;
        for (let k = 0, i = from - firstSample; k < taps.length; k++, i++)
          sum += taps[k] * buffer[i];
        outputs[c][next % outputCount] = sum;
      });
    }
  };

  return {
    push(block) {
      append(block);
      const headLength = 2 * reach + 2;
      if (heads[0].length < headLength) {
        heads = heads.map((head, c) => {
          const more = block[c].subarray(0, headLength - head.length);
          const joined = new Float64Array(head.length + more.length);
          joined.set(head);
          joined.set(more, head.length);
          return joined;
        });
      }
      makeReachable(outputCount);
    },
    finish() {
      append(heads);
      makeReachable(outputCount + firstOutput);
      return outputs;
    },
  };
}

/** Samples to each side that an output needs: Kaiser's length for the attenuation over the transition band. */
export function reachSamples(inputCount: number, outputCount: number, passCount: number): number {
  const transition = (2 * Math.PI * (outputCount - passCount)) / inputCount;
  return Math.ceil((ATTENUATION_DB - 8) / (2.285 * transition) / 2);
}

/** Weights of the samples `0 ... 2 reach + 1` for an output between the middle two. */
function fillTaps(taps: Float64Array, at: number, reach: number, cyclesTimesTwo: number): void {
  const beta = 0.1102 * (ATTENUATION_DB - 8.7);
  const scale = cyclesTimesTwo / bessel0(beta);
  for (let k = 0; k < taps.length; k++) {
    const distance = k - at;
    const share = distance / (reach + 1);
    const angle = Math.PI * cyclesTimesTwo * distance;
    const sinc = Math.abs(angle) < 1e-9 ? 1 : Math.sin(angle) / angle;
    const inside = 1 - share * share;
    taps[k] = inside > 0 ? scale * sinc * bessel0(beta * Math.sqrt(inside)) : 0;
  }
}

/** Modified Bessel function of the first kind and order 0, by its power series. */
function bessel0(x: number): number {
  const quarter = (x * x) / 4;
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-17 * sum; k++) {
    term *= quarter / (k * k);
    sum += term;
  }
  return sum;
}
