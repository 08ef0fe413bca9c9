"""Writes rows of 12 fields and a click as Parquet and as an Arrow file: python make_rows.py FOLDER ROWS"""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

USERS, ITEMS = 50_000, 20_000
USER_VALUES, ITEM_VALUES = [10, 100, 1000, 5, 50], [10, 100, 1000, 5000, 50]

folder, count = sys.argv[1], int(sys.argv[2])
random = np.random.default_rng(1)
users = random.integers(0, USERS, count)
items = (ITEMS * random.random(count) ** 2).astype(np.int64)
columns = {"user": users, "item": items}
for side, keys, size, values in [("user", users, USERS, USER_VALUES), ("item", items, ITEMS, ITEM_VALUES)]:
    for field, bound in enumerate(values):
        columns[f"{side}{field}"] = random.integers(0, bound, size)[keys]
columns["click"] = (random.random(count) < 0.3).astype(np.int32)
table = pa.table(columns)
pq.write_table(table, f"{folder}/rows.parquet")
with pa.OSFile(f"{folder}/rows.arrow", "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
    writer.write_table(table, max_chunksize=65536)
