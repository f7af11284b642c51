"""Checksums of the recordings in shared/data by independent readers: h5py, SciPy, NumPy, and plain struct.

Development only, on Debian: apt install python3-h5py python3-scipy; /usr/bin/python3 .ci/reference-checksums.py [FOLDER]
Writes e2e/realFileChecksums.json, which src/data/realFiles.test.ts expects of the studio's own readers: per file and
series the number of finite values, their sum, sum of magnitudes and sum of squares in float64, and the first and last.
"""

import csv
import json
import struct
import sys
from pathlib import Path

import h5py
import numpy as np
import scipy.io

CHECKOUT = Path(__file__).resolve().parent.parent
FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else CHECKOUT.parent / "shared" / "data"
OUT = CHECKOUT / "e2e" / "realFileChecksums.json"
checksums = {}


def put(file, series, values):
    """Values as [sample, column] without those of gaps."""
    values = np.asarray(values, dtype=np.float64).ravel()
    finite = values[np.isfinite(values)]
    checksums.setdefault(file, {})[series] = {
        "count": int(finite.size),
        "sum": float(finite.sum()),
        "magnitude": float(np.abs(finite).sum()),
        "squares": float(np.square(finite).sum()),
        "first": float(finite[0]),
        "last": float(finite[-1]),
    }


def matlab():
    name = "monkey-force/ADAN_Day0.mat"
    binned = scipy.io.loadmat(FOLDER / name)["binnedData"][0, 0]
    for field in ["emgdatabin", "forcedatabin", "spikeratedata", "neuronIDs", "words", "trialtable"]:
        put(name, f"binnedData.{field}", binned[field])
    for field in ["corners", "rotation"]:
        put(name, f"binnedData.targets.{field}", binned["targets"][0, 0][field])
    name = "formats/LAHC1.mat"
    csc = scipy.io.loadmat(FOLDER / name)
    counts = csc["NumberOfValidSamples"][0]
    valid = [record[:count] for record, count in zip(csc["Samples"].T, counts)]
    put(name, "LAHC1", np.concatenate(valid) * NEURALYNX_UV)
    name = "formats/ft_CNT_epoched_v7.mat"
    trials = scipy.io.loadmat(FOLDER / name)["data"][0, 0]["trial"][0]
    put(name, "data.trial", np.concatenate([trial.T for trial in trials]))
    name = "formats/ft_CNT_epoched_v73.mat"
    with h5py.File(FOLDER / name) as file:
        trials = [file[reference][()] for reference in file["data/trial"][:, 0]]
        put(name, "data.trial", np.concatenate(trials))


NEURALYNX_UV = -0.305175781250000006
NEURALYNX_RECORD = np.dtype(
    [("t", "<u8"), ("channel", "<u4"), ("rate", "<u4"), ("n", "<u4"), ("x", "<i2", 512)]
)


def neuralynx():
    for name in ["formats/LAHC1.ncs", "formats/LAHC1_3_gaps.ncs"]:
        raw = (FOLDER / name).read_bytes()[16384:]
        records = np.frombuffer(raw[: len(raw) // 1044 * 1044], dtype=NEURALYNX_RECORD)
        valid = np.concatenate([record["x"][: record["n"]] for record in records])
        put(name, "LAHC1", valid * NEURALYNX_UV)


def blackrock():
    # Header bytes, channels, bytes of a packet header, factor to the unit of the listing, columns of each series.
    paused = {"behaviour": slice(0, 14), "auxiliary": slice(14, 16)}
    whole = {"electrodes": slice(None)}
    files = [
        ("TEST_UN001.ns2", 0x2C6, 6, 9, 5000 / 32767, {"behaviour": slice(None)}),
        ("blackrock_segment_PauseCorrect_pause_correct.ns2", 0x55A, 16, 9, 5000 / 32767, paused),
        ("test_BRSMPGRP_raw.ns3", 0x223A, 128, 13, 10000 / 16384 * 1000, whole),
        ("blackrock_blackrock_2_1_l101210-001.ns2", 32 + 24, 6, 0, 0.25, whole),
    ]
    for name, header, width, packet, gain, series in files:
        raw = (FOLDER / "formats" / name).read_bytes()
        parts = []
        if packet == 0:
            size = (len(raw) - header) // (2 * width) * 2 * width
            parts = [np.frombuffer(raw[header : header + size], "<i2")]
        at = header if packet else len(raw)
        while at < len(raw):
            _, count = struct.unpack("<II" if packet == 9 else "<QI", raw[at + 1 : at + packet])
            at += packet
            parts.append(np.frombuffer(raw[at : at + 2 * width * count], "<i2"))
            at += 2 * width * count
        values = np.concatenate(parts).reshape(-1, width) * gain
        for path, columns in series.items():
            put(f"formats/{name}", path, values[:, columns])


def grip_force():
    stem = "grip-force/sub-testsub_ses-EphysMedOff_task-gripforce_run-0_ieeg"
    samples = np.fromfile(FOLDER / f"{stem}.eeg", "<f4").reshape(-1, 10).astype(np.float64) * 0.1
    put(f"{stem}.vhdr", "electrodes", samples[:, :9])
    put(f"{stem}.vhdr", "behaviour", samples[:, 9])
    name = "grip-force/sub-000_force_run-3_FEATURES.csv"
    with open(FOLDER / name, newline="") as file:
        names, *rows = csv.reader(file)
    values = np.array([[float(cell or "nan") for cell in row] for row in rows])
    is_lfp = [i for i, column in enumerate(names) if "LFP" in column or "ECOG" in column]
    is_moved = [i for i, column in enumerate(names) if "MOV" in column]
    put(name, "electrodes", values[:, is_lfp])
    put(name, "behaviour", values[:, is_moved])


def nwb():
    """Every ElectricalSeries; volts become microvolts."""
    rat = "rat-lfp/rat_r1838_lfp_position.nwb"
    electrical = [
        (rat, "processing/ecephys/LFP/ElectricalSeries", False),
        ("monkey-ecog/monkey_ecog_64ch_1kHz.nwb", "acquisition/ElectricalSeries", False),
        ("grip-force/gripforce_ecog_stn.nwb", "acquisition/ElectricalSeries", False),
        ("formats/pynwb_ecephys_tutorial_v2.5.0.nwb", "acquisition/ElectricalSeries", False),
        ("formats/pynwb_ecephys_tutorial_v2.5.0.nwb", "processing/ecephys/LFP/ElectricalSeries", False),
        ("formats/matnwb_ecephys_tutorial_2.0b_0bab88c3.nwb", "acquisition/ECoG", True),
        ("formats/matnwb_ecephys_tutorial_2.0b_0bab88c3.nwb", "acquisition/ECoG2", True),
    ]
    for name, path, is_turned in electrical:
        with h5py.File(FOLDER / name) as file:
            series = file[path]
            gain = np.ravel(series["data"].attrs.get("conversion", 1.0))[0] * 1e6
            if "channel_conversion" in series:
                gain = gain * series["channel_conversion"][()]
            values = series["data"][()].astype(np.float64)
            put(name, f"/{path}", (values.T if is_turned else values) * gain)
    others = [
        (rat, "processing/behavior/Position/SpatialSeries"),
        ("grip-force/gripforce_ecog_stn.nwb", "processing/behavior/BehavioralTimeSeries/grip_force"),
    ]
    for name, path in others:
        with h5py.File(FOLDER / name) as file:
            data = file[path]["data"]
            put(name, f"/{path}", data[()] * np.ravel(data.attrs.get("conversion", 1.0))[0])


def numpy_archives():
    name = "monkey-force/ADAN_Day0_rawlfp.npz"
    archive = np.load(FOLDER / name)
    put(name, "lfp_data", archive["lfp_data"][:, 0].T)
    put(name, "targets", archive["targets"])
    for subject in [1, 2]:
        name = f"ecog-fingers/sub{subject}_features_20Hz.npz"
        archive = np.load(FOLDER / name)
        blocks, windows, channels, bands = archive["features"].shape
        features = archive["features"].astype(np.float64)
        logged = np.log(np.maximum(features, 1e-6))
        features = np.where(archive["signed"], features, logged).astype(np.float32)
        features = features.reshape(blocks * windows, channels * bands)
        # Within six robust deviations of the median, both of the first 60 %.
        fit = np.sort(features[: int(0.6 * len(features))], axis=0)
        centre = fit[len(fit) // 2].astype(np.float64)
        distances = np.sort(np.abs(fit.astype(np.float64) - centre).astype(np.float32), axis=0)
        limit = 6 * 1.4826 * distances[len(fit) // 2].astype(np.float64)
        put(name, "features", np.clip(features, centre - limit, centre + limit))
        put(name, "finger", archive["finger"])


for part in [matlab, neuralynx, blackrock, grip_force, nwb, numpy_archives]:
    part()
OUT.write_text(json.dumps(dict(sorted(checksums.items())), indent=2) + "\n")
print(f"{OUT.name}: {len(checksums)} files, {sum(map(len, checksums.values()))} series")
