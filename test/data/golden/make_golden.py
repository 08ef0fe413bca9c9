"""Files that other writers make, for the reader tests. Made with pyarrow 26.0.1: python make_golden.py"""

import datetime

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 7
table = pa.table(
    {
        "user": pa.array([1, 2, 2**60, 4, 5, 1, 2], pa.int64()),
        "item": pa.array(["a", "b", "a", None, "c", "ü", "a"], pa.string()),
        "kind": pa.array(["x", "y", "x", "x", None, "y", "x"]).dictionary_encode(),
        "price": pa.array([0.5, None, 1.5, 2.5, -3.0, 4.0, 5.0], pa.float64()),
        "small": pa.array([1, 2, 3, 4, 5, 6, 255], pa.uint8()),
        "half": pa.array([1.5, 2, 3, 4, 5, 6, 7], pa.float16()),
        "click": pa.array([True, False, None, True, True, False, True], pa.bool_()),
        "at": pa.array([datetime.datetime(2024, 1, day + 1) for day in range(ROWS)], pa.timestamp("us")),
        "day": pa.array([datetime.date(2024, 1, day + 1) for day in range(ROWS)], pa.date32()),
        "tags": pa.array([["p", "q"], [], None, ["r"], ["p"], ["q", "q", "s"], ["p"]], pa.list_(pa.string())),
        "vector": pa.array([[i, i + 0.5] for i in range(ROWS)], pa.list_(pa.float32(), 2)),
    }
)
pq.write_table(table, "pyarrow-zstd.parquet", compression="zstd", row_group_size=3)
pq.write_table(table, "pyarrow-v2.parquet", compression="snappy", data_page_version="2.0", use_dictionary=False)
for name, compression, start in [("plain", None, pa.ipc.new_stream), ("zstd", "zstd", pa.ipc.new_stream)]:
    with start(f"pyarrow-{name}.arrows", table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table, max_chunksize=3)
with pa.ipc.new_file("pyarrow-plain.arrow", table.schema) as writer:
    writer.write_table(table, max_chunksize=3)
with pa.ipc.new_file("pyarrow-lz4.arrow", table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
    writer.write_table(table, max_chunksize=3)
