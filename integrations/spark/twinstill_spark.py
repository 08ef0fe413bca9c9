"""Scores Spark DataFrames with a trained twinstill run: every task pipes its rows through one filter process.

Needs Spark 4 with pyarrow, and Node with twinstill (its native runtime installed) on every executor.
"""

import os
import subprocess
import tempfile
import threading
import zipfile

import pyarrow as pa
from pyspark import SparkFiles, TaskContext
from pyspark.sql.types import FloatType, StructField, StructType

HEADS = {"teacher": ("ctr", "cvr", "ctcvr"), "student": ("score",)}
NOT_NEEDED = ("tb", "eval", "metrics.jsonl", "report", "optimizer.safetensors")


def pack_run(run, archive):
    """Writes what scoring needs of a run folder into a zip file that executors can be given."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for folder, names, files in os.walk(run):
            names[:] = [name for name in names if name not in NOT_NEEDED]
            for name in files:
                path = os.path.join(folder, name)
                inside = os.path.relpath(path, run)
                if name not in NOT_NEEDED and not name.endswith(".lock"):
                    packed.write(path, inside)
    return archive


def score(frame, archive, *, model="teacher", command=("twinstill",)):
    """The DataFrame with a float column for each head of the run behind its own columns.

    frame: has the columns that the run's features are made of; others pass through.
    archive: a zip file from pack_run; it is shipped to every executor once.
    model: "teacher" (heads ctr, cvr, ctcvr) or "student" (score).
    command: how executors start twinstill.
    """
    heads = HEADS[model]
    taken = [head for head in heads if head in frame.columns]
    if taken:
        raise ValueError(f"twinstill score: column names must differ from heads, got {', '.join(taken)}")
    name = os.path.basename(archive)
    frame.sparkSession.sparkContext.addArchive(f"{archive}#{name}.run")
    arguments = [*command, "score", "--stdin", "arrow", "--stdout", "arrow", "--quiet", "--model", model]
    schema = StructType(frame.schema.fields + [StructField(head, FloatType(), False) for head in heads])

    def score_task(batches):
        yield from pipe_batches([*arguments, "--teacher", SparkFiles.get(f"{name}.run")], batches)

    return frame.mapInArrow(score_task, schema)


def pipe_batches(arguments, batches):
    """Record batches through one process, in order; raises where it fails, with the rows that it had."""
    first = next(batches, None)
    if first is None:
        return
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        feeder = Feeder(process.stdin, first, batches)
        feeder.start()
        done = 0
        try:
            try:
                for batch in pa.ipc.open_stream(process.stdout):
                    yield batch
                    done += batch.num_rows
            except pa.ArrowInvalid:
                pass  # what the process says of it is worth more
            process.stdout.close()
            if process.wait() != 0:
                raise RuntimeError(describe_failure(process.returncode, errors, done, feeder.rows))
            feeder.join()
            if feeder.error is not None:
                raise feeder.error
            if done != feeder.rows:
                raise RuntimeError(f"twinstill score: rows must come back whole, got {done} of {feeder.rows}")
        finally:
            # A task that is killed leaves through here as well.
            process.kill()
            process.wait()


class Feeder(threading.Thread):
    """Writes record batches to a process that is read from at the same time."""

    def __init__(self, pipe, first, rest):
        super().__init__(daemon=True)
        self.pipe, self.first, self.rest = pipe, first, rest
        self.rows, self.error = 0, None

    def run(self):
        try:
            with pa.ipc.new_stream(self.pipe, self.first.schema) as writer:
                self.write(writer, self.first)
                for batch in self.rest:
                    self.write(writer, batch)
            self.pipe.close()
        except BrokenPipeError:
            pass  # the process has ended and says why
        except BaseException as error:
            self.error = error
            # Without its end-of-stream marker the process refuses what it got.
            os.close(self.pipe.detach().detach()) if not self.pipe.closed else None

    def write(self, writer, batch):
        self.rows += batch.num_rows
        writer.write_batch(batch)


def describe_failure(code, errors, done, sent):
    errors.seek(0)
    said = errors.read().decode("utf-8", "replace").strip()
    task = TaskContext.get()
    where = f" of partition {task.partitionId()}" if task is not None else ""
    return f"twinstill score failed with exit code {code} in rows {done + 1} to {sent}{where} (stdin rows): {said}"
