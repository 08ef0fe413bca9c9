// npm run bench:ml-100k: setting A of examples/ml-100k. Fetch the data first: see examples/ml-100k/base.yaml.
import { existsSync } from "node:fs";
import { benchLine } from "../line/bench-line.ts";

if (existsSync("examples/data/ml-100k/ml-100k.parquet")) {
  const reached = await benchLine({
    title: "MovieLens-100k, setting A",
    file: "ml-100k",
    command: "npm run bench:ml-100k",
    config: "examples/ml-100k/setting-a.yaml",
    metrics: ["ctcvr/auc", "ctr/auc", "ctcvr/gauc"],
    bars: [
      { what: "MMoE with pair statistics, AUC y >= 4", name: "teacher", metric: "ctr/auc", bar: 0.79 },
      { what: "MMoE with pair statistics, AUC y = 5", name: "teacher", metric: "ctcvr/auc", bar: 0.807 },
      {
        what: "DSSM of width 16, distilled over hard label",
        name: "distilled",
        over: "hard",
        metric: "ctcvr/auc",
        bar: 0.014,
        each: true,
      },
    ],
    controls: [
      ["distilled", "hard"],
      ["unlabelled", "hard"],
      ["self-distilled", "hard"],
    ],
    notes: [
      "Each user's last fifth is the test part; epochs are chosen on validation. `unlabelled` and `self-distilled` learn from stored",
      "scores of unlabelled pairs alone: the ranker's, and those of the hard-label student.",
    ],
  });
  process.exitCode = reached ? 0 : 1;
} else {
  console.error(
    "bench:ml-100k: skipped, no data; twinstill dataset ml-100k --out examples/data/ml-100k --accept-licence",
  );
}
