"""Exact top lists in PyTorch, by products and topk over blocks. First line: {"users", "items", "width", "k", "threads"}."""

import json
import os
import sys
import time

import torch

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from turns import take_turns  # noqa: E402

BLOCKS = [(32, None), (64, None), (128, 65536), (512, 65536), (512, 131072)]


def top_lists(users, items, k, block):
    """[U, k] scores and item numbers; `block` users and items at a time, None for all items."""
    rows, tile = block[0], block[1] or len(items)
    scores, numbers = [], []
    for first in range(0, len(users), rows):
        best = None
        for start in range(0, len(items), tile):
            found, at = torch.topk(users[first : first + rows] @ items[start : start + tile].T, k)
            at += start
            if best is not None:
                found, order = torch.topk(torch.cat([best[0], found], 1), k)
                at = torch.cat([best[1], at], 1).gather(1, order)
            best = found, at
        scores.append(best[0])
        numbers.append(best[1])
    return torch.cat(scores), torch.cat(numbers)


def main():
    spec = json.loads(sys.stdin.readline())
    torch.set_num_threads(spec["threads"])
    users, items = torch.randn(spec["users"], spec["width"]), torch.randn(spec["items"], spec["width"])

    def seconds(block):
        start = time.perf_counter()
        top_lists(users[:512], items, spec["k"], block)
        return time.perf_counter() - start

    fastest = min(BLOCKS, key=seconds)
    print(json.dumps({"version": torch.__version__, "block": fastest}), flush=True)
    take_turns(lambda _: float(top_lists(users, items, spec["k"], fastest)[0].mean()))


main()
