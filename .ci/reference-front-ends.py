"""The front ends on a real recording by SciPy: values that src/data/frontEnd/scipy.test.ts expects of the studio's own.

Development only, on Debian: apt install python3-h5py python3-scipy; /usr/bin/python3 .ci/reference-front-ends.py [FOLDER]
Prints frames of monkey-ecog through both chains, and the response of every filter at chosen frequencies.
"""

import json
import sys
from pathlib import Path

import h5py
import numpy as np
from scipy import signal

ROOT = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
RATE_HZ = 1000
FRAME_HZ = 100
CHANNELS = [0, 7, 63]
FRAMES = [0, 1, 500, 1234, 2999]
SAMPLES = 30_000
LONG_SAMPLES = 150_000
LONG_FRAMES = [0, 1, 500, 7777, 14999]


def ecog(samples):
    with h5py.File(FOLDER / "monkey-ecog/monkey_ecog_64ch_1kHz.nwb") as file:
        data = file["acquisition/ElectricalSeries/data"]
        # As the studio holds them: microvolts in float32.
        return (data[:samples].astype(float) * data.attrs["conversion"] * 1e6).astype(np.float32)


def filters(mains_hz, highest_hz, low_pass_hz, low_pass_order):
    notches = [
        signal.tf2sos(*signal.iirnotch(hz, 30, RATE_HZ))
        for hz in np.arange(mains_hz, min(highest_hz, 0.49 * RATE_HZ) + 1e-9, mains_hz)
    ]
    high = signal.butter(2, 0.05, "highpass", fs=RATE_HZ, output="sos")
    low = signal.butter(low_pass_order, low_pass_hz, "lowpass", fs=RATE_HZ, output="sos")
    return notches, high, low


def realtime(x):
    notches, high, low = filters(50, 180, 45, 4)
    y = x.astype(float) - x[0]
    for sos in [high, *notches, low]:
        y = signal.sosfilt(sos, y, axis=0)
    frames = y[:: RATE_HZ // FRAME_HZ]
    return frames - frames.mean(axis=1, keepdims=True)


def powers(x):
    """Neighbours' differences, then per channel the LFP and the log powers of two bands."""
    notches, high, low = filters(50, 180, 45, 4)
    y = x.astype(float) - x[0]
    y[:, :-1] -= y[:, 1:]
    for sos in [high, *notches]:
        y = signal.sosfilt(sos, y, axis=0)
    bands = [signal.sosfilt(low, y, axis=0)]
    share = 1 - np.exp(-1 / (0.05 * RATE_HZ))
    for edges in POWER_BANDS_HZ:
        band = signal.sosfilt(signal.butter(2, edges, "bandpass", fs=RATE_HZ, output="sos"), y, axis=0)
        power = signal.lfilter([share], [1, share - 1], band**2, axis=0)
        bands.append(np.log(np.maximum(power, 1e-30)))
    frames = np.stack(bands, axis=2)[:: RATE_HZ // FRAME_HZ]
    frames[:, -1] = 0
    return frames.reshape(len(frames), -1)


def power_delays():
    """Milliseconds: the filters before the bands, the band's own at its middle, the smoothing at 0 Hz."""
    notches, high, _ = filters(50, 180, 45, 4)
    share = 1 - np.exp(-1 / (0.05 * RATE_HZ))
    for edges in POWER_BANDS_HZ:
        middle = [np.sqrt(edges[0] * edges[1])]
        band = signal.butter(2, edges, "bandpass", fs=RATE_HZ, output="sos")
        sections = [section for sos in [high, *notches, band] for section in sos]
        delay = sum(signal.group_delay((s[:3], s[3:]), middle, fs=RATE_HZ)[1][0] for s in sections)
        yield round(delay + (1 - share) / share, 6)


def offline_paper(x):
    notches, high, low = filters(50, np.inf, 50, 2)
    y = x.astype(float) - x.astype(float).mean(axis=0)
    for sos in [*notches, high, low]:
        b, a = signal.sos2tf(sos)
        y = signal.filtfilt(b, a, y, axis=0)
    y = y - y.mean(axis=1, keepdims=True)
    return signal.resample(y, round(len(x) * FRAME_HZ / RATE_HZ), axis=0)


def responses():
    table = {}
    designs = {
        "highpass 0.05": signal.butter(2, 0.05, "highpass", fs=RATE_HZ, output="sos"),
        "notch 50": signal.tf2sos(*signal.iirnotch(50, 30, RATE_HZ)),
        "notch 60": signal.tf2sos(*signal.iirnotch(60, 30, RATE_HZ)),
        "lowpass 45": signal.butter(4, 45, "lowpass", fs=RATE_HZ, output="sos"),
        "lowpass 50": signal.butter(2, 50, "lowpass", fs=RATE_HZ, output="sos"),
        "bandpass 8-13": signal.butter(2, [8, 13], "bandpass", fs=RATE_HZ, output="sos"),
        "bandpass 70-150": signal.butter(2, [70, 150], "bandpass", fs=RATE_HZ, output="sos"),
        "broadband lowpass": signal.butter(8, 0.4 * 1000, "lowpass", fs=24000, output="sos"),
    }
    for name, sos in designs.items():
        rate = 24000 if name.startswith("broadband") else RATE_HZ
        _, h = signal.sosfreqz(sos, FREQUENCIES_HZ, fs=rate)
        table[name] = [[float(f"{abs(v):.9g}"), float(f"{np.angle(v):.9g}")] for v in h]
    return table


FREQUENCIES_HZ = [0.05, 1, 10, 45, 49, 61, 120, 400]
POWER_BANDS_HZ = [[8, 13], [70, 150]]

x = ecog(SAMPLES)
for name, run in [("realtime", realtime), ("offline-paper", offline_paper), ("powers", powers)]:
    frames = run(x)
    bands = len(frames[0]) // len(x[0])
    columns = [c * bands + b for c in CHANNELS for b in range(bands)]
    rows = [[float(f"{v:.7g}") for v in frames[m, columns]] for m in FRAMES]
    print(name, frames.shape, json.dumps(rows), f"rms {np.sqrt(np.mean(frames**2)):.7g}")
long = offline_paper(ecog(LONG_SAMPLES))
rows = [[float(f"{v:.7g}") for v in long[m, CHANNELS]] for m in LONG_FRAMES]
print("offline-paper", long.shape, json.dumps(rows), f"rms {np.sqrt(np.mean(long**2)):.7g}")
print("powers' delays in ms", list(power_delays()))
for name, row in responses().items():
    print(f"  '{name}': {json.dumps(row)},")
