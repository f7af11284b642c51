"""Writes the small NWB file that src/data/formats/zarr.test.ts reads, and references to its chunks as LINDI has them.

Development only, on Debian: apt install python3-h5py; /usr/bin/python3 .ci/make-lindi.py. The files are kept in
src/data/formats/fixtures. The places of the chunks are those that HDF5's own library states.
"""

import base64
import json
import struct
from pathlib import Path

import h5py
import numpy as np

FOLDER = Path(__file__).resolve().parent.parent / "src/data/formats/fixtures"
SAMPLES, CHANNELS = 400, 3
i = np.arange(SAMPLES)


def fill(root):
    root.attrs["nwb_version"] = "2.6.0"
    root.create_dataset("general/subject/subject_id", data="M1")
    table = root.create_group("general/extracellular_ephys/electrodes")
    table["label"] = np.array(["a", "b", "c", "d"], dtype=object)
    table["rejected"] = np.array([0, 1, 0, 0], dtype="i1")

    lfp = root.create_group("processing/ecephys/LFP/ElectricalSeries")
    lfp.attrs["neurodata_type"] = "ElectricalSeries"
    values = (i[:, None] * 37 + np.arange(CHANNELS) * 101) % 2001 - 1000
    data = lfp.create_dataset(
        "data", data=values.astype("i2"), chunks=(150, 2), compression="gzip", shuffle=True, fletcher32=True
    )
    data.attrs.update({"unit": "volts", "conversion": 1e-6, "offset": 0.0})
    lfp["electrodes"] = np.array([3, 1, 0], dtype="i4")
    lfp["channel_conversion"] = np.array([1.0, 2.0, 4.0])
    lfp.create_dataset("starting_time", data=1.5).attrs["rate"] = 200.0

    hand = root.create_group("processing/behavior/Position/hand")
    hand.attrs["neurodata_type"] = "SpatialSeries"
    # Not in chunks: one contiguous block.
    hand.create_dataset("data", data=np.stack([i / 8, -i / 4], 1)[:100]).attrs["unit"] = "cm"
    stamps = 1.5 + i[:100] / 50 + (i[:100] >= 60) * 0.4
    hand.create_dataset("timestamps", data=stamps, chunks=(32,), compression="gzip")
    root["processing/alias"] = h5py.SoftLink("/processing/behavior/Position")


def attributes(item):
    plain = {}
    for key, value in item.attrs.items():
        plain[key] = value.item() if isinstance(value, np.generic) else value
    return plain


def inline(content):
    try:
        return content.decode("ascii")
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(content).decode("ascii")


def references(root, url):
    refs = {".zgroup": '{"zarr_format":2}', ".zattrs": json.dumps(attributes(root))}

    def visit(path, group):
        for name in group:
            key = f"{path}{name}"
            link = group.get(name, getlink=True)
            item = group[name]
            if isinstance(link, h5py.SoftLink):
                refs[f"{key}/.zgroup"] = '{"zarr_format":2}'
                refs[f"{key}/.zattrs"] = json.dumps({"_SOFT_LINK": {"path": link.path}})
            elif isinstance(item, h5py.Group):
                refs[f"{key}/.zgroup"] = '{"zarr_format":2}'
                refs[f"{key}/.zattrs"] = json.dumps(attributes(item))
                visit(f"{key}/", item)
            else:
                dataset(key, item)

    def dataset(key, item):
        known = attributes(item)
        is_text = item.dtype == object
        filters = []
        if item.shuffle:
            filters.append({"id": "shuffle", "elementsize": item.dtype.itemsize})
        if item.compression == "gzip":
            filters.append({"id": "zlib", "level": item.compression_opts})
        if item.fletcher32:
            filters.append({"id": "fletcher32"})
        if is_text:
            filters.append({"id": "json2"})
        shape = item.shape or (1,)
        chunks = item.chunks or shape
        if item.shape == ():
            known["_SCALAR"] = True
        refs[f"{key}/.zattrs"] = json.dumps(known)
        refs[f"{key}/.zarray"] = json.dumps(
            {
                "zarr_format": 2,
                "shape": shape,
                "chunks": chunks,
                "dtype": "|O" if is_text else item.dtype.str,
                "fill_value": " " if is_text else 0,
                "order": "C",
                "filters": filters or None,
                "compressor": None,
            }
        )
        first = ".".join(["0"] * len(shape))
        if is_text:
            texts = [text.decode() for text in np.atleast_1d(item[()]).ravel()]
            refs[f"{key}/{first}"] = inline(json.dumps([*texts, "|O", shape]).encode())
        elif item.shape == ():
            refs[f"{key}/{first}"] = inline(struct.pack("<" + item.dtype.char, item[()]))
        elif item.chunks is None:
            refs[f"{key}/{first}"] = [url, item.id.get_offset(), item.id.get_storage_size()]
        else:
            for c in range(item.id.get_num_chunks()):
                info = item.id.get_chunk_info(c)
                at = [str(o // n) for o, n in zip(info.chunk_offset, item.chunks)]
                refs[f"{key}/{'.'.join(at)}"] = [url, info.byte_offset, info.size]

    visit("", root)
    return refs


FOLDER.mkdir(exist_ok=True)
path = FOLDER / "lindi.nwb"
with h5py.File(path, "w", libver="latest") as root:
    fill(root)
with h5py.File(path) as root:
    lindi = {"refs": references(root, "{{u}}"), "templates": {"u": "lindi.nwb"}, "version": 1}
(FOLDER / "lindi.nwb.lindi.json").write_text(json.dumps(lindi, indent=1) + "\n")
print(path.stat().st_size, len(lindi["refs"]))
