// npm run bench:offline: the line of examples/insteval/offline.yaml. Settings are those of a study made beforehand; the
// test part is looked at once a run.
import { benchLines } from "../line/bench-line.ts";

const fromOlder = { what: "list-wise KL from the older MMoE over no KD", name: "list-kl", over: "no-kd" };
const fromWider = { what: "width 4, RRD from width 64 over no KD", name: "rrd", over: "narrow" };
const reached = await benchLines({ title: "InstEval offline", file: "offline", command: "npm run bench:offline" }, [
  {
    config: "examples/insteval/offline.yaml",
    metrics: ["attended/recall@10", "attended/recall@100", "attended/ndcg@10", "recall@10", "recall@100"],
    bars: [
      { ...fromOlder, metric: "attended/recall@100", bar: 0.1 },
      { ...fromOlder, metric: "attended/recall@10", bar: 0.02 },
      { ...fromWider, metric: "attended/recall@10", bar: 0.02 },
      { ...fromWider, metric: "attended/ndcg@10", bar: 0.025 },
    ],
    controls: [
      ["list-kl", "no-kd-items"],
      ["list-kl", "self-distilled"],
      ["rrd", "narrow-items"],
      ["rrd", "rrd-self-distilled"],
    ],
    notes: [
      "Test part: lectage 1. Rows are steps of the line. `-items` sees as many drawn items a step as there are lecturers beside",
      "its batch, without a teacher; the self-distilled student's teacher is a student of its own kind (of lectage >= 3, and of",
      "the same rows).",
      "Read with it: the list-wise gain is that of older data, not of the MMoE: a student of its own kind that has seen lectage >= 3",
      "teaches as well. The narrow student without KD varies much by seed; beside its better control (narrow-items) the gain of RRD is",
      "about the bars, not three times them.",
    ],
  },
]);
process.exitCode = reached ? 0 : 1;
