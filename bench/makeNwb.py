"""Writes an NWB file of broadband noise with local field potentials, as large as asked, for the import of large files.

Development only, on Debian: apt install python3-h5py; /usr/bin/python3 bench/makeNwb.py OUT.nwb GIGABYTES
Then: npm run studio -- import OUT.nwb --out SESSION.arrow
96 channels at 24,414.0625 Hz, int16, gzip, chunks of 1/4 s: the recording of the published experiments. GIGABYTES
counts samples before compression; a block of 20 s is repeated, so that writing stays quick.
"""

import sys

import h5py
import numpy as np

RATE_HZ = 24414.0625
CHANNELS = 96
BLOCK_SAMPLES = 6104 * 80

path, gigabytes = sys.argv[1], float(sys.argv[2])
random = np.random.default_rng(1)
time_s = np.arange(BLOCK_SAMPLES) / RATE_HZ
common = 300 * np.sin(2 * np.pi * 8 * time_s) + 60 * np.sin(2 * np.pi * 50 * time_s)
block = (
    random.normal(0, 40, (BLOCK_SAMPLES, CHANNELS)) + common[:, None] * np.linspace(0.5, 1.5, CHANNELS)
).astype(np.int16)
block_count = max(1, round(gigabytes * 1e9 / block.nbytes))

with h5py.File(path, "w") as file:
    file.attrs["nwb_version"] = "2.6.0"
    series = file.create_group("acquisition/broadband")
    series.attrs["neurodata_type"] = "ElectricalSeries"
    data = series.create_dataset(
        "data",
        shape=(block_count * BLOCK_SAMPLES, CHANNELS),
        dtype="<i2",
        chunks=(6104, CHANNELS),
        compression="gzip",
        compression_opts=1,
    )
    data.attrs["unit"] = "volts"
    data.attrs["conversion"] = 2.5e-7
    # Every chunk of a block is compressed once and written as it is after that.
    data[:BLOCK_SAMPLES] = block
    chunk_count = BLOCK_SAMPLES // 6104
    stored = [data.id.read_direct_chunk((i * 6104, 0))[1] for i in range(chunk_count)]
    for at in range(1, block_count):
        for i, chunk in enumerate(stored):
            data.id.write_direct_chunk((at * BLOCK_SAMPLES + i * 6104, 0), chunk)
    start = series.create_dataset("starting_time", data=0.0)
    start.attrs["rate"] = RATE_HZ
seconds = block_count * BLOCK_SAMPLES / RATE_HZ
print(f"{path}: {seconds:.0f} s, {block_count * block.nbytes / 1e9:.2f} GB of samples")
