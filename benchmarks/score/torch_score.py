"""The benchmark's scoring job in PyTorch with pyarrow. Reads one JSON command a line, answers one JSON line."""

import json
import sys
import time

import numpy as np
import pyarrow as pa
import torch
from torch import nn

WIDTH, FIELDS, EXPERTS = 16, 12, 8
ROWS = 4096


class Mmoe(nn.Module):
    def __init__(self, values):
        super().__init__()
        inputs = FIELDS * WIDTH
        self.tables = nn.ModuleList([nn.Embedding(values + 2, WIDTH) for _ in range(FIELDS)])
        self.kernel1 = nn.Parameter(torch.randn(inputs, EXPERTS * 256) * 0.05)
        self.bias1 = nn.Parameter(torch.zeros(EXPERTS * 256))
        self.kernel2 = nn.Parameter(torch.randn(EXPERTS, 256, 128) * 0.05)
        self.bias2 = nn.Parameter(torch.zeros(EXPERTS, 1, 128))
        self.gates = nn.ModuleList([nn.Linear(inputs, EXPERTS) for _ in range(2)])
        self.towers = nn.ModuleList([nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 1)) for _ in range(2)])

    def forward(self, ids):
        x = torch.cat([table(ids[:, i]) for i, table in enumerate(self.tables)], -1)
        h = torch.relu(x @ self.kernel1 + self.bias1).view(-1, EXPERTS, 256).transpose(0, 1)
        h = torch.relu(torch.baddbmm(self.bias2, h, self.kernel2))
        logits = []
        for gate, tower in zip(self.gates, self.towers):
            mixed = torch.einsum("be,ebd->bd", torch.softmax(gate(x), -1), h)
            logits.append(tower(mixed).squeeze(-1))
        ctr, cvr = logits
        # logit of sigmoid(ctr) * sigmoid(cvr)
        log_p = nn.functional.logsigmoid(ctr) + nn.functional.logsigmoid(cvr)
        return ctr, cvr, log_p - torch.log(-torch.expm1(log_p))


class Job:
    def __init__(self, values, threads, compiled):
        torch.set_num_threads(threads)
        pa.set_cpu_count(threads)
        torch.manual_seed(0)
        self.model = Mmoe(values).eval()
        self.forward = torch.compile(self.model) if compiled else self.model
        # Raw values to table rows by an array, which is faster than pyarrow's hash look-up.
        self.by_value = np.ones(values * 3, np.int64)
        self.by_value[np.arange(values) * 3] = np.arange(values) + 2

    def encode(self, column):
        raw = column.to_numpy(zero_copy_only=False)
        return np.where(raw < len(self.by_value), self.by_value[np.minimum(raw, len(self.by_value) - 1)], 1)

    def run(self, source, target):
        started, tensor, rows = time.perf_counter(), 0.0, 0
        writer = None
        with pa.OSFile(source, "rb") as file, pa.OSFile(target, "wb") as out, torch.inference_mode():
            for batch in pa.ipc.open_stream(file):
                ids = torch.from_numpy(np.stack([self.encode(batch.column(f"f{i}")) for i in range(FIELDS)], 1))
                before = time.perf_counter()
                found = [self.forward(part) for part in torch.split(ids, ROWS)]
                heads = [torch.cat(parts).numpy() for parts in zip(*found)]
                tensor += time.perf_counter() - before
                columns = [*batch.columns, *(pa.array(head) for head in heads)]
                scored = pa.RecordBatch.from_arrays(columns, [*batch.schema.names, "ctr", "cvr", "ctcvr"])
                writer = writer or pa.ipc.new_stream(out, scored.schema)
                writer.write_batch(scored)
                rows += batch.num_rows
            writer.close()
        return {"rows": rows, "seconds": time.perf_counter() - started, "tensorSeconds": tensor}


def main():
    print(json.dumps({"torch": torch.__version__, "pyarrow": pa.__version__}), flush=True)
    jobs = {}
    for line in sys.stdin:
        command = json.loads(line)
        name = command["variant"]
        if name not in jobs:
            jobs[name] = Job(command["values"], command["threads"], name == "compiled")
            with torch.inference_mode():
                jobs[name].forward(torch.zeros(ROWS, FIELDS, dtype=torch.int64))
        print(json.dumps(jobs[name].run(command["source"], command["target"])), flush=True)


if __name__ == "__main__":
    main()
