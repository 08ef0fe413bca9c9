"""The benchmark's steps in PyTorch. Reads one JSON command a line, answers one JSON line: see serve()."""

import json
import os
import sys

import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from turns import take_turns  # noqa: E402

WIDTH, USER_FIELDS, FIELDS, EXPERTS = 16, 6, 12, 8


class Mmoe(nn.Module):
    """Experts as one batched product, two gates, two towers: logits [B] of CTR and CVR."""

    def __init__(self):
        super().__init__()
        inputs = FIELDS * WIDTH
        self.kernel1 = nn.Parameter(torch.randn(EXPERTS, inputs, 256) * 0.05)
        self.bias1 = nn.Parameter(torch.zeros(EXPERTS, 1, 256))
        self.kernel2 = nn.Parameter(torch.randn(EXPERTS, 256, 128) * 0.05)
        self.bias2 = nn.Parameter(torch.zeros(EXPERTS, 1, 128))
        self.gates = nn.ModuleList([nn.Linear(inputs, EXPERTS) for _ in range(2)])
        self.towers = nn.ModuleList([nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 1)) for _ in range(2)])

    def forward(self, x):
        h = torch.relu(torch.matmul(x, self.kernel1) + self.bias1)
        h = torch.relu(torch.matmul(h, self.kernel2) + self.bias2)
        logits = []
        for gate, tower in zip(self.gates, self.towers):
            mixed = torch.einsum("be,ebd->bd", torch.softmax(gate(x), -1), h)
            logits.append(tower(mixed).squeeze(-1))
        return logits


def mlp(*widths):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Joint(nn.Module):
    """Loss of the joint step, from looked-up rows: [B, FIELDS, WIDTH] of the teacher's and of the student's table."""

    def __init__(self):
        super().__init__()
        self.teacher = Mmoe()
        self.user = mlp(USER_FIELDS * WIDTH, 256, 128, 64)
        self.item = mlp((FIELDS - USER_FIELDS) * WIDTH, 256, 128, 64)

    def forward(self, teacher_rows, rows, click, conversion):
        ctr, cvr = self.teacher(teacher_rows.flatten(1))
        loss = F.binary_cross_entropy_with_logits(ctr, click)
        ctcvr = torch.sigmoid(ctr) * torch.sigmoid(cvr)
        loss = loss + F.binary_cross_entropy(ctcvr.clamp(1e-7, 1 - 1e-7), conversion)
        user = F.normalize(self.user(rows[:, :USER_FIELDS].flatten(1)), dim=-1)
        item = F.normalize(self.item(rows[:, USER_FIELDS:].flatten(1)), dim=-1)
        logits = (user * item).sum(-1) * 10
        loss = loss + F.binary_cross_entropy_with_logits(logits, click)
        target = torch.log_softmax(torch.log(ctcvr.detach() + 1e-7), 0)
        return loss + (target.exp() * (target - torch.log_softmax(logits, 0))).sum()


class SmallDssm(nn.Module):
    """Loss of the student alone: towers 64-32, binary cross-entropy."""

    def __init__(self):
        super().__init__()
        self.user = mlp(USER_FIELDS * WIDTH, 64, 32)
        self.item = mlp((FIELDS - USER_FIELDS) * WIDTH, 64, 32)

    def forward(self, rows, click):
        user = F.normalize(self.user(rows[:, :USER_FIELDS].flatten(1)), dim=-1)
        item = F.normalize(self.item(rows[:, USER_FIELDS:].flatten(1)), dim=-1)
        return F.binary_cross_entropy_with_logits((user * item).sum(-1) * 10, click)


def build(model, variant, batch, rows):
    """A function that trains one step on batch number k and returns its loss."""
    sparse = "sparse" in variant
    joint = model == "joint"
    tables = nn.ModuleList([nn.Embedding(rows, WIDTH, sparse=sparse) for _ in range(2 if joint else 1)])
    body = Joint() if joint else SmallDssm()
    adam = torch.optim.Adam(body.parameters(), 1e-3, fused=True)
    # The sparse form has neither foreach nor fused kernels; the dense one takes PyTorch's default.
    adagrad = torch.optim.Adagrad(tables.parameters(), 0.05, initial_accumulator_value=0.1, eps=1e-7)
    ids = [torch.randint(1, rows, (batch, FIELDS)) for _ in range(8)]
    click = [(torch.rand(batch) < 0.3).float() for _ in range(8)]
    conversion = [y * (torch.rand(batch) < 0.3).float() for y in click]

    def loss_of(ids, click, conversion):
        looked_up = [table(ids) for table in tables]
        return body(*looked_up, click, conversion) if joint else body(*looked_up, click)

    if variant == "compile-dense":
        loss_of = torch.compile(loss_of)
    elif variant == "compile-sparse":
        body.forward = torch.compile(body.forward)  # sparse gradients stay outside of the compiled part

    def step(k):
        adam.zero_grad(set_to_none=True)
        adagrad.zero_grad(set_to_none=True)
        loss = loss_of(ids[k % 8], click[k % 8], conversion[k % 8])
        loss.backward()
        adam.step()
        adagrad.step()
        return loss.item()

    return step


def serve():
    """First line {"model", "variant", "batch", "rows", "threads", "warmup"}, then {"steps": n} for each turn."""
    spec = json.loads(sys.stdin.readline())
    torch.manual_seed(0)
    torch.set_num_threads(spec["threads"])
    step = build(spec["model"], spec["variant"], spec["batch"], spec["rows"])
    for k in range(spec["warmup"]):
        step(k)
    print(json.dumps({"version": torch.__version__}), flush=True)
    take_turns(step)


if __name__ == "__main__":
    serve()
