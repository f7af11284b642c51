"""Reads a session that the studio exported, by the Arrow format's specification and with nothing but Python.

Development only: python3 .ci/read-arrow.py SESSION.arrow [FILE SERIES:PREFIX ...]. Walks the IPC file format (magic,
footer, schema, record batch, FlatBuffers by hand), checks where its buffers lie, and prints a checksum per signal. Given
a recording in e2e/realFileChecksums.json and which of its series became which signal (`lfp_data:lfp targets:behaviour`),
compares with the checksums that other readers took of the recording itself.
"""

import json
import math
import struct
import sys
from array import array
from pathlib import Path

CHECKSUMS = Path(__file__).resolve().parent.parent / "e2e" / "realFileChecksums.json"
MAGIC = b"ARROW1"
FLOAT, LIST, MESSAGE_SCHEMA, MESSAGE_BATCH = 3, 12, 1, 3
FLOAT32_EPSILON = 2.0**-24


def need(condition, text):
    if not condition:
        raise SystemExit(f"not by the specification: {text}")


class Table:
    """A FlatBuffers table: fields by number, absent ones by their default."""

    def __init__(self, data, at):
        self.data, self.at = data, at
        self.vtable = at - struct.unpack_from("<i", data, at)[0]
        self.size = struct.unpack_from("<H", data, self.vtable)[0]

    @staticmethod
    def root(data):
        return Table(data, struct.unpack_from("<I", data, 0)[0])

    def place(self, field):
        slot = 4 + 2 * field
        offset = struct.unpack_from("<H", self.data, self.vtable + slot)[0] if slot < self.size else 0
        return self.at + offset if offset else None

    def scalar(self, field, form, default=0):
        place = self.place(field)
        return default if place is None else struct.unpack_from("<" + form, self.data, place)[0]

    def target(self, field):
        place = self.place(field)
        return None if place is None else place + struct.unpack_from("<I", self.data, place)[0]

    def table(self, field):
        return Table(self.data, self.target(field))

    def text(self, field):
        at = self.target(field)
        length = struct.unpack_from("<I", self.data, at)[0]
        return self.data[at + 4 : at + 4 + length].decode()

    def vector(self, field):
        """Byte of the first element, and how many there are."""
        at = self.target(field)
        return (0, 0) if at is None else (at + 4, struct.unpack_from("<I", self.data, at)[0])

    def tables(self, field):
        first, count = self.vector(field)
        places = [first + 4 * i for i in range(count)]
        return [Table(self.data, at + struct.unpack_from("<I", self.data, at)[0]) for at in places]

    def structs(self, field, form):
        first, count = self.vector(field)
        size = struct.calcsize("<" + form)
        return [struct.unpack_from("<" + form, self.data, first + size * i) for i in range(count)]


def message(data, at):
    """The message at a byte: its table, and where its body begins."""
    marker, length = struct.unpack_from("<II", data, at)
    need(marker == 0xFFFFFFFF, f"a continuation marker at byte {at}")
    need((8 + length) % 8 == 0, "metadata padded to 8 bytes")
    return Table.root(data[at + 8 : at + 8 + length]), at + 8 + length


def names_of(schema):
    need(schema.scalar(0, "h") == 0, "little-endian values")
    for field in schema.tables(1):
        (item,) = field.tables(5)
        is_list = field.scalar(2, "B") == LIST and item.scalar(2, "B") == FLOAT
        need(is_list and item.table(3).scalar(0, "h") == 1, "columns that are lists of float32")
    return [field.text(0) for field in schema.tables(1)]


def read(path):
    data = Path(path).read_bytes()
    need(data[:8] == MAGIC + b"\0\0" and data[-6:] == MAGIC, "the magic at both ends")
    length = struct.unpack_from("<i", data, len(data) - 10)[0]
    footer = Table.root(data[len(data) - 10 - length : len(data) - 10])
    schema = footer.table(1)
    first, _ = message(data, 8)
    need(first.scalar(1, "B") == MESSAGE_SCHEMA, "the schema as first message")
    names = names_of(schema)
    need(names_of(first.table(2)) == names, "the same schema at both ends")
    metadata = {pair.text(0): pair.text(1) for pair in schema.tables(2)}
    columns = {name: array("f") for name in names}
    for offset, metadata_length, body_length in footer.structs(3, "qi4xq"):
        header, body = message(data, offset)
        need(body == offset + metadata_length and offset % 8 == 0, "a block where the footer says")
        need(header.scalar(1, "B") == MESSAGE_BATCH and header.scalar(3, "q") == body_length, "a record batch")
        batch = header.table(2)
        nodes, buffers = batch.structs(1, "qq"), batch.structs(2, "qq")
        need(batch.place(3) is None, "no compression")
        need(len(nodes) == 2 * len(names) and len(buffers) == 4 * len(names), "two nodes and four buffers per column")
        end = 0
        for start, size in buffers:
            need(start % 8 == 0 and start >= end and start + size <= body_length, "aligned buffers, in order")
            end = start + size
        for c, name in enumerate(names):
            (rows, nulls), (values, value_nulls) = nodes[2 * c : 2 * c + 2]
            need(rows == batch.scalar(0, "q") and nulls == value_nulls == 0, "rows without nulls")
            _, (at, size), _, (value_at, value_size) = buffers[4 * c : 4 * c + 4]
            need(size >= 4 * (rows + 1) and value_size >= 4 * values, "buffers as long as their nodes say")
            offsets = struct.unpack_from(f"<{rows + 1}i", data, body + at)
            need(offsets[0] == 0 and offsets[-1] == values and list(offsets) == sorted(offsets), "offsets in order")
            columns[name].frombytes(data[body + value_at : body + value_at + 4 * values])
    return metadata, columns


def checksum(columns):
    """Of all values, sample after sample."""
    finite = [x for row in zip(*columns) for x in row if math.isfinite(x)]
    return {
        "count": len(finite),
        "sum": math.fsum(finite),
        "magnitude": math.fsum(map(abs, finite)),
        "squares": math.fsum(x * x for x in finite),
        "first": finite[0],
        "last": finite[-1],
    }


def main(path, file=None, *pairs):
    metadata, columns = read(path)
    session = json.loads(metadata["realm-studio.session"])
    print(f"{path}: {len(columns)} columns, {session['session']['name']}, {session['lfp']['rateHz']} Hz")
    found = {}
    for prefix in ["lfp", "behaviour"]:
        own = [values for name, values in columns.items() if name.startswith(f"{prefix}/")]
        if own:
            found[prefix] = checksum(own)
            print(f"  {prefix} {len(own[0])} x {len(own)}: {found[prefix]}")
    wanted = json.loads(CHECKSUMS.read_text()).get(file, {}) if file else {}
    for pair in pairs:
        series, prefix = pair.split(":")
        got, want = found[prefix], wanted[series]
        scales = {"sum": want["magnitude"], "first": abs(want["first"]), "last": abs(want["last"])}
        worst = max(abs(got[key] - want[key]) / (scales.get(key) or want[key]) for key in want)
        print(f"  {prefix} against {series} of {file}: largest relative difference {worst:.1e}")
        need(worst < 2 * FLOAT32_EPSILON, f"the values of {series}")
    print("  by the specification")


main(*sys.argv[1:])
