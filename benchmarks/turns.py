"""Answers the benchmark's turns: see python-contender.ts."""

import json
import sys
import time


def take_turns(step):
    """For each line {"steps": n}: times of n calls of step(k), which returns a number, in milliseconds."""
    count = 0
    for line in sys.stdin:
        times, cpu = [], time.process_time()
        for _ in range(json.loads(line)["steps"]):
            start = time.perf_counter()
            loss = step(count)
            count += 1
            times.append((time.perf_counter() - start) * 1e3)
        cpu = (time.process_time() - cpu) * 1e3
        print(json.dumps({"milliseconds": times, "cpuMilliseconds": cpu, "loss": loss}), flush=True)
