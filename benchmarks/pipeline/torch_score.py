"""Scores rows with an MMoE in PyTorch, read and written with pyarrow. First line: {"train", "rows", "out", "batch", "threads"}."""

import json
import os
import sys

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "step"))
from torch_step import WIDTH, Mmoe  # noqa: E402
from turns import take_turns  # noqa: E402


def main():
    spec = json.loads(sys.stdin.readline())
    torch.set_num_threads(spec["threads"])
    torch.manual_seed(0)
    train = pq.read_table(spec["train"])
    names = [name for name in train.column_names if name != "click"]
    vocabularies = [pc.unique(train[name].combine_chunks()) for name in names]
    tables = nn.ModuleList([nn.Embedding(len(values) + 2, WIDTH) for values in vocabularies])
    model = Mmoe()

    def encode(table):
        # Values that training did not have are row 1.
        found = [pc.index_in(table[name], values) for name, values in zip(names, vocabularies)]
        return torch.from_numpy(np.stack([pc.fill_null(at, -1).to_numpy() + 2 for at in found], 1)).clamp(min=1)

    @torch.inference_mode()
    def score(_):
        table = pq.read_table(spec["rows"])
        ids = encode(table)
        heads = []
        for start in range(0, len(ids), spec["batch"]):
            part = ids[start : start + spec["batch"]]
            x = torch.cat([embedding(part[:, i]) for i, embedding in enumerate(tables)], 1)
            ctr, cvr = model(x)
            both = -torch.logsumexp(torch.stack([-ctr, -cvr, -(ctr + cvr)]), 0)
            heads.append(torch.stack([ctr, cvr, both], 1))
        heads = torch.cat(heads).numpy()
        columns = {"row": pa.array(np.arange(len(ids))), "user": table["user"].cast("string"), "item": table["item"].cast("string")}
        columns |= {name: pa.array(heads[:, i]) for i, name in enumerate(["ctr", "cvr", "ctcvr"])}
        written = pa.table(columns)
        with pa.OSFile(spec["out"], "wb") as file, pa.ipc.new_file(file, written.schema) as writer:
            writer.write_table(written, max_chunksize=65536)
        return len(ids)

    print(json.dumps({"version": torch.__version__}), flush=True)
    take_turns(score)


main()
