"""Reads with the Python packages what test/python/run.ts wrote into a folder, and writes back what it shall read.

The files hold numbers that follow from one formula, value(i), so that nothing has to be passed along.
"""

import json
import pathlib
import sys

import numpy as np
import pyarrow.parquet as parquet
import safetensors
import safetensors.numpy
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.util import tensor_util

folder = pathlib.Path(sys.argv[1])


def value(i):
    return (np.asarray(i) * 37 % 1009 - 500) / 8


def check_safetensors():
    path = folder / "typescript.safetensors"
    with safetensors.safe_open(path, framework="numpy") as file:
        assert file.metadata() == {"format_version": "1", "note": "größer"}, file.metadata()
        assert sorted(file.keys()) == ["Umlaut ü", "bytes", "doubles", "empty", "scalar", "table"], file.keys()
        assert np.array_equal(file.get_slice("table")[1000:1002], value(np.arange(64_000, 64_128)).reshape(2, 64))
    tensors = safetensors.numpy.load_file(path)
    assert tensors["table"].dtype == np.float32 and tensors["table"].shape == (5000, 64)
    assert np.array_equal(tensors["table"].ravel(), value(np.arange(320_000)))
    assert tensors["doubles"].dtype == np.float64 and np.array_equal(tensors["doubles"], value(np.arange(5)) / 3)
    assert tensors["scalar"].dtype == np.int32 and tensors["scalar"].shape == () and tensors["scalar"] == -7
    assert tensors["bytes"].dtype == np.uint8 and tensors["bytes"].tolist() == [[1, 2, 255]]
    assert tensors["empty"].shape == (0, 3) and tensors["Umlaut ü"].tolist() == [3]
    safetensors.numpy.save_file(
        {"table": value(np.arange(600)).reshape(30, 20).astype("f4"), "ids": np.arange(7, dtype="i8") - 3},
        folder / "python.safetensors",
        metadata={"from": "python"},
    )


def check_events():
    events = event_accumulator.EventAccumulator(str(folder / "tb"), size_guidance={"scalars": 0, "tensors": 0}).Reload()
    scalars = {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
    # 0 .. 9 of the first file, of which the second drops 6 .. 9 as it starts again at 6
    assert scalars["loss/total"] == [(i, float(np.float32(value(i)))) for i in range(12)], scalars["loss/total"]
    assert scalars["test/recall@10"] == [(11, 0.25)], scalars
    assert "config" in events.Tags()["tensors"], events.Tags()
    (text,) = events.Tensors("config")
    assert tensor_util.make_ndarray(text.tensor_proto).item().decode() == "# größer\n"
    assert events.SummaryMetadata("config").plugin_data.plugin_name == "text"
    (cut,) = (folder / "cut").iterdir()
    whole = [event.step for event in EventFileLoader(str(cut)).Load() if event.HasField("summary")]
    assert whole == [0, 1, 2], whole


def check_embeddings():
    table = parquet.read_table(folder / "items.parquet")
    assert str(table.schema.field("id").type) == "int64", table.schema
    assert str(table.schema.field("embedding").type).startswith("list<element: float"), table.schema
    assert table["id"].to_pylist() == [i * 3 - 5 for i in range(20_000)]
    vectors = table["embedding"].combine_chunks().flatten().to_numpy()
    assert np.array_equal(vectors, value(np.arange(20_000 * 16)))
    assert table.schema.metadata == {b"tower": b"item"}, table.schema.metadata
    users = parquet.read_table(folder / "users.parquet").to_pylist()
    assert users == [{"id": "ü", "embedding": [value(0), value(1)]}, {"id": "", "embedding": [value(2), value(3)]}], users


checks = [check_safetensors, check_events, check_embeddings]
for check in checks:
    check()
print(json.dumps([check.__name__ for check in checks]))
