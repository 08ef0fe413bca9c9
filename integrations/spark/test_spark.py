"""Run by npm run test:spark: local-cluster Spark on the loopback address, two executors, one of which is killed."""

import glob
import json
import os
import signal
import sys
import threading
import time

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from pyspark.sql import SparkSession
from pyspark.sql import functions as f

from twinstill_spark import pack_run, score

HEADS = ["ctr", "cvr", "ctcvr"]
ROWS = ["line", "user", "age", "item", "topic", "hour"]


def plain_scores(store):
    """Scores of the plain job by row."""
    manifest = json.load(open(os.path.join(store, "manifest.json")))
    shards = [pa.ipc.open_file(path).read_all() for path in sorted(glob.glob(os.path.join(store, "rows-*.arrow")))]
    table = pa.concat_tables(shards)
    assert table.num_rows == manifest["content"]["rows"]["rows"]
    return {row: values for row, *values in zip(*(table.column(name).to_pylist() for name in ["row", *HEADS]))}


def executor_pids(spark):
    """Process ids of the executors: each is the parent of the parent of a Python worker."""

    def parents(batches):
        for batch in batches:
            daemon = os.getppid()
            executor = int(open(f"/proc/{daemon}/stat").read().rsplit(")", 1)[1].split()[1])
            time.sleep(1)
            yield pa.RecordBatch.from_pydict({"pid": pa.array([executor] * batch.num_rows, pa.int64())})

    rows = spark.range(0, 8, 1, 4).mapInArrow(parents, "pid long").collect()
    return sorted({row.pid for row in rows})


def check(name, rows, expected):
    got = {row.line: [row[head] for head in HEADS] for row in rows}
    assert len(rows) == len(got) == len(expected), f"{name}: {len(rows)} rows, {len(got)} lines, {len(expected)} expected"
    wrong = [line for line, values in got.items() if values != expected[line]]
    assert not wrong, f"{name}: {len(wrong)} rows differ, the first is {wrong[0]}: {got[wrong[0]]} and {expected[wrong[0]]}"
    print(f"ok: {name}: {len(rows)} rows, scores equal those of the plain job", flush=True)


def main(folder, command):
    spark = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.executorEnv.PYTHONPATH", os.path.dirname(__file__))
        .config("spark.task.maxFailures", "2")
        .config("spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled", "true")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    pq.write_table(pyarrow.csv.read_csv(os.path.join(folder, "big.csv")), os.path.join(folder, "big.parquet"))
    frame = spark.read.parquet(os.path.join(folder, "big.parquet")).select(ROWS).repartition(8)
    archive = pack_run(os.path.join(folder, "teacher"), os.path.join(folder, "teacher.zip"))
    expected = plain_scores(os.path.join(folder, "store"))
    scored = score(frame, archive, command=command)

    started = time.time()
    check("two executors", scored.collect(), expected)
    print(f"    in {time.time() - started:.1f} s", flush=True)

    pids = executor_pids(spark)
    killer = threading.Timer(4, lambda: os.kill(pids[0], signal.SIGKILL))
    killer.start()
    rows = scored.collect()
    killer.cancel()
    left = executor_pids(spark)
    assert pids[0] not in left, "the executor must have been killed while the job ran"
    check(f"executor {pids[0]} of {pids} killed, {left} now", rows, expected)

    for name, broken, wanted in [
        ("a column of the wrong type", frame.withColumn("user", f.lit(0.5)), 'column "user" must hold text, integers or booleans, got 0.5'),
        ("a missing column", frame.drop("topic"), 'column "topic" must be there'),
        ("a missing value", frame.withColumn("age", f.when(f.col("line") % 700 != 3, f.col("age"))), 'column "age" must have a value'),
    ]:
        try:
            score(broken, archive, command=command).collect()
        except Exception as error:
            said = str(error)
            assert wanted in said and "of partition" in said and "stdin" in said, said
            line = next(line for line in said.splitlines() if wanted in line)
            print(f"ok: {name}: {line.strip()}", flush=True)
        else:
            raise AssertionError(f"{name}: the job must fail")
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
