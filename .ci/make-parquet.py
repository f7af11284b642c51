"""Writes the Parquet files that src/data/formats/parquet.test.ts reads, by an independent writer.

Development only: pip install pyarrow numpy; python3 .ci/make-parquet.py. The files are kept in src/data/formats/fixtures.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = Path(__file__).resolve().parent.parent / "src/data/formats/fixtures"
ROWS = 300
i = np.arange(ROWS)


def write(name, table, **options):
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.parquet"
    small = {"data_page_size": 256, "write_batch_size": 32, "row_group_size": 130, "write_statistics": False}
    pq.write_table(table, path, store_schema=False, **{**small, **options})
    print(path.name, path.stat().st_size)


TABLE = pa.table(
    {
        "time": pa.array(i / 100.0),
        "lfp 1": pa.array((i * i % 512 / 4 - 50).astype("f4")),
        "lfp 2": pa.array((i * 37 % 1000 - 500).astype("i2")),
        "hand vel": pa.array([None if k % 10 == 3 else k % 8 / 2 for k in i], pa.float64()),
        "label": pa.array(["go" if k % 2 else "stop" for k in i]),
    }
)
for version, codecs in {"1.0": ["none", "gzip", "lz4"], "2.0": ["none", "snappy", "zstd", "brotli"]}.items():
    for codec in codecs:
        write(f"{codec}-v{version[0]}", TABLE, compression=codec, data_page_version=version)

write(
    "encodings",
    TABLE.drop(["label"]),
    compression="none",
    use_dictionary=False,
    column_encoding={
        "time": "BYTE_STREAM_SPLIT",
        "lfp 1": "BYTE_STREAM_SPLIT",
        "lfp 2": "DELTA_BINARY_PACKED",
        "hand vel": "PLAIN",
    },
)
TYPES = pa.table(
    {
        "timestamp": pa.array((i * 10_000_000).astype("datetime64[ns]")),
        "lfp unsigned": pa.array((i + 2**32 - 1000).astype("u4")),
        "lfp long": pa.array(i.astype("u8") + np.uint64(2**63)),
        "date": pa.array(i.astype("datetime64[D]")),
        "trials": pa.array([[1.0, 2.0]] * ROWS),
        "is_moving": pa.array(i % 2 == 0),
    }
)
write("types", TYPES, compression="zstd")
