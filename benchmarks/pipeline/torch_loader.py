"""pyarrow and PyTorch's DataLoader over the rows of make_rows.py. First line: {"file", "what", "batch", "loader"}."""

import json
import os
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from turns import take_turns  # noqa: E402


def read(path):
    """Fields as rows of a vocabulary in the order of first appearance, [N, 12], and clicks [N]."""
    table = pq.read_table(path) if path.endswith(".parquet") else pa.ipc.open_file(pa.memory_map(path)).read_all()
    names = [name for name in table.column_names if name != "click"]
    ids = []
    for name in names:
        encoded = pc.dictionary_encode(table[name].combine_chunks())
        ids.append(torch.from_numpy(encoded.indices.to_numpy() + 2))
    return torch.stack(ids, 1), torch.from_numpy(table["click"].to_numpy().astype("float32"))


def loader(ids, clicks, batch, kind):
    data = TensorDataset(ids, clicks)
    if kind == "sliced":  # whole batches by one index: the fastest way that DataLoader has
        return DataLoader(data, sampler=BatchSampler(RandomSampler(data), batch, False), batch_size=None)
    return DataLoader(data, batch_size=batch, shuffle=True, num_workers=2)


def main():
    spec = json.loads(sys.stdin.readline())
    data = None if spec["what"] == "read" else read(spec["file"])

    def step(_):
        if spec["what"] == "read":
            return read(spec["file"])[0].shape[0]
        rows = 0
        for ids, _clicks in loader(*data, spec["batch"], spec["loader"]):
            rows += ids.shape[0]
        return rows

    print(json.dumps({"version": torch.__version__, "pyarrow": pa.__version__}), flush=True)
    take_turns(step)


main()
