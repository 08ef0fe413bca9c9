"""Writes python.safetensors and events.json beside itself: what the Python packages make of fixed inputs.

Needs safetensors, numpy, tensorboard.
"""

import io
import json
import pathlib

import numpy as np
import safetensors.numpy
import tensorboard
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2
from tensorboard.plugins.text import metadata as text
from tensorboard.summary.writer.record_writer import RecordWriter

here = pathlib.Path(__file__).parent

safetensors.numpy.save_file(
    {
        "teacher/kernel": np.arange(6, dtype=np.float32).reshape(2, 3) / 4,
        "student/bias": np.array([-1.5, 2.5e300], dtype=np.float64),
        "steps": np.array(7, dtype=np.int32),
        "ids": np.array([-(2**40), 2**40], dtype=np.int64),
        "mask": np.array([1, 0, 1], dtype=bool),
        "bytes": np.array([[1, 2, 255]], dtype=np.uint8),
        "empty": np.zeros((0, 4), dtype=np.float32),
        "Umlaut ü": np.array([3], dtype=np.uint8),
    },
    here / "python.safetensors",
    metadata={"format_version": "1", "note": "größer"},
)


def framed(event):
    buffer = io.BytesIO()
    writer = RecordWriter(buffer)
    writer.write(event.SerializeToString(deterministic=True))
    return buffer.getvalue().hex()


def scalars(step, values):
    summary = summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=t, simple_value=v) for t, v in values])
    return event_pb2.Event(wall_time=1700000000.25, step=step, summary=summary)


config = summary_pb2.Summary.Value(
    tag="config",
    metadata=summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name=text.PLUGIN_NAME),
        data_class=summary_pb2.DATA_CLASS_TENSOR,
    ),
    tensor=tensor_pb2.TensorProto(dtype=7, tensor_shape={}, string_val=["# größer\n".encode()]),
)

events = {
    "version": event_pb2.Event(wall_time=1700000000.25, file_version="brain.Event:2"),
    "start": event_pb2.Event(
        wall_time=1700000000.25, step=300, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    ),
    "scalars": scalars(12345678901, [("loss/total", 0.5), ("test/recall@10", -1.25e-7)]),
    "text": event_pb2.Event(wall_time=1700000000.25, step=1, summary=summary_pb2.Summary(value=[config])),
}
records = {name: framed(event) for name, event in events.items()}
(here / "events.json").write_text(json.dumps({"tensorboard": tensorboard.__version__, "records": records}, indent=1) + "\n")
