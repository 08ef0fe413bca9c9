"""Writes rows of 12 fields and a click as Parquet and as an Arrow file: python make_rows.py FOLDER ROWS [ROWS_TO_SCORE]"""

import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

USERS, ITEMS = 50_000, 20_000
USER_VALUES, ITEM_VALUES = [10, 100, 1000, 5, 50], [10, 100, 1000, 5000, 50]

folder, *counts = sys.argv[1:]
fields = np.random.default_rng(1)
of_users = [fields.integers(0, bound, USERS) for bound in USER_VALUES]
of_items = [fields.integers(0, bound, ITEMS) for bound in ITEM_VALUES]


def rows(count, seed):
    random = np.random.default_rng(seed)
    users = random.integers(0, USERS, count)
    items = (ITEMS * random.random(count) ** 2).astype(np.int64)
    columns = {"user": users, "item": items}
    columns |= {f"user{i}": values[users] for i, values in enumerate(of_users)}
    columns |= {f"item{i}": values[items] for i, values in enumerate(of_items)}
    columns["click"] = (random.random(count) < 0.3).astype(np.int32)
    return pa.table(columns)


table = rows(int(counts[0]), 2)
pq.write_table(table, f"{folder}/rows.parquet")
with pa.OSFile(f"{folder}/rows.arrow", "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
    writer.write_table(table, max_chunksize=65536)
if len(counts) > 1:
    pq.write_table(rows(int(counts[1]), 3), f"{folder}/new-rows.parquet")
