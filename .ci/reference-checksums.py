"""Checksums of the recordings in shared/data by independent readers: h5py, SciPy, and plain struct.

Development only, on Debian: apt install python3-h5py python3-scipy; /usr/bin/python3 .ci/reference-checksums.py [FOLDER]
Prints one line per series: count, sum and sum of magnitudes of its finite values as float32, which
src/data/realFiles.test.ts expects of the studio's own readers.
"""

import csv
import struct
import sys
from pathlib import Path

import h5py
import numpy as np
import scipy.io

ROOT = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT
FORMATS = FOLDER / "formats"


def show(name, values):
    values = np.asarray(values, dtype=np.float32).astype(np.float64)
    finite = values[np.isfinite(values)]
    print(f"{name}: [{finite.size}, {finite.sum()!r}, {np.abs(finite).sum()!r}]")


def matlab():
    binned = scipy.io.loadmat(FOLDER / "monkey-force/ADAN_Day0.mat")["binnedData"][0, 0]
    for field in ["emgdatabin", "forcedatabin", "spikeratedata"]:
        show(f"ADAN_Day0.mat {field}", binned[field])
    csc = scipy.io.loadmat(FORMATS / "LAHC1.mat")
    counts = csc["NumberOfValidSamples"][0]
    valid = [record[:count] for record, count in zip(csc["Samples"].T, counts)]
    show("LAHC1.mat", np.concatenate(valid) * NEURALYNX_UV)
    trials = scipy.io.loadmat(FORMATS / "ft_CNT_epoched_v7.mat")["data"][0, 0]["trial"][0]
    show("ft_CNT_epoched_v7.mat", np.concatenate([trial.T for trial in trials]))
    with h5py.File(FORMATS / "ft_CNT_epoched_v73.mat") as file:
        trials = [file[reference][()] for reference in file["data/trial"][:, 0]]
        show("ft_CNT_epoched_v73.mat", np.concatenate(trials))


NEURALYNX_UV = -0.305175781250000006
NEURALYNX_RECORD = np.dtype(
    [("t", "<u8"), ("channel", "<u4"), ("rate", "<u4"), ("n", "<u4"), ("x", "<i2", 512)]
)


def neuralynx():
    for name in ["LAHC1.ncs", "LAHC1_3_gaps.ncs"]:
        raw = (FORMATS / name).read_bytes()[16384:]
        records = np.frombuffer(raw[: len(raw) // 1044 * 1044], dtype=NEURALYNX_RECORD)
        valid = np.concatenate([record["x"][: record["n"]] for record in records])
        show(name, valid * NEURALYNX_UV)


def blackrock():
    # Header bytes, channels, bytes of a packet header, factor to the unit of the listing.
    files = [
        ("TEST_UN001.ns2", 0x2C6, 6, 9, 5000 / 32767),
        ("blackrock_segment_PauseCorrect_pause_correct.ns2", 0x55A, 16, 9, 5000 / 32767),
        ("test_BRSMPGRP_raw.ns3", 0x223A, 128, 13, 10000 / 16384 * 1000),
        ("blackrock_blackrock_2_1_l101210-001.ns2", 32 + 24, 6, 0, 0.25),
    ]
    for name, header, width, packet, gain in files:
        raw = (FORMATS / name).read_bytes()
        if packet == 0:
            whole = (len(raw) - header) // (2 * width) * 2 * width
            parts = [np.frombuffer(raw[header : header + whole], "<i2")]
        else:
            parts = []
            at = header
            while at < len(raw):
                _, count = struct.unpack("<II" if packet == 9 else "<QI", raw[at + 1 : at + packet])
                at += packet
                parts.append(np.frombuffer(raw[at : at + 2 * width * count], "<i2"))
                at += 2 * width * count
        show(name, np.concatenate(parts) * gain)


def grip_force():
    stem = "grip-force/sub-testsub_ses-EphysMedOff_task-gripforce_run-0_ieeg"
    samples = np.fromfile(FOLDER / f"{stem}.eeg", "<f4").reshape(-1, 10) * 0.1
    show("ieeg.eeg electrodes", samples[:, :9])
    show("ieeg.eeg last channel", samples[:, 9])
    with open(FOLDER / "grip-force/sub-000_force_run-3_FEATURES.csv", newline="") as file:
        names, *rows = csv.reader(file)
    values = np.array([[float(cell or "nan") for cell in row] for row in rows])
    is_lfp = [i for i, name in enumerate(names) if "LFP" in name or "ECOG" in name]
    is_moved = [i for i, name in enumerate(names) if "MOV" in name]
    show("FEATURES.csv lfp", values[:, is_lfp])
    show("FEATURES.csv behaviour", values[:, is_moved])


def nwb():
    with h5py.File(FOLDER / "rat-lfp/rat_r1838_lfp_position.nwb") as file:
        series = file["processing/ecephys/LFP/ElectricalSeries"]
        gain = series["data"].attrs["conversion"] * series["channel_conversion"][()] * 1e6
        show("rat lfp", series["data"][()] * gain)
        show("rat position", file["processing/behavior/Position/SpatialSeries/data"][()])
    for name in ["monkey-ecog/monkey_ecog_64ch_1kHz.nwb", "grip-force/gripforce_ecog_stn.nwb"]:
        with h5py.File(FOLDER / name) as file:
            data = file["acquisition/ElectricalSeries/data"]
            show(name, data[()].astype(float) * data.attrs["conversion"] * 1e6)
    with h5py.File(FOLDER / "grip-force/gripforce_ecog_stn.nwb") as file:
        show("grip force", file["processing/behavior/BehavioralTimeSeries/grip_force/data"][()])


for part in [matlab, neuralynx, blackrock, grip_force, nwb]:
    part()
