// npm run bench:ml-100k: settings A and B of examples/ml-100k. Fetch the data first: see examples/ml-100k/base.yaml.
import { existsSync, readFileSync } from "node:fs";
import { benchLines, type LineBench } from "../line/bench-line.ts";

const exposed: LineBench = {
  heading: "Setting A: ranking of exposed films",
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
    "Each user's last fifth is the test part, the last tenth of the rest validation. `ctcvr/auc` is AUC of y = 5, `ctr/auc` of",
    "y >= 4. `unlabelled` and `self-distilled` learn from stored scores of unlabelled pairs alone: the ranker's, and those of the",
    "hard-label student.",
  ],
};

const narrow = { name: "distilled", over: "alone", each: true as const };
const full: LineBench = {
  heading: "Setting B: ranking of the whole catalogue",
  config: "examples/ml-100k/setting-b.yaml",
  metrics: ["recall@10", "ndcg@10", "recall@100"],
  bars: [
    { what: "DSSM of width 8, distilled over alone", ...narrow, metric: "recall@10", bar: 0.01 },
    { what: "DSSM of width 8, distilled over alone", ...narrow, metric: "ndcg@10", bar: 0.015 },
    { what: "DSSM of width 32 alone", name: "wide", metric: "recall@10", bar: 0.237 },
    { what: "DSSM of width 32 alone", name: "wide", metric: "ndcg@10", bar: 0.277 },
  ],
  controls: [
    ["distilled", "alone"],
    ["self-distilled", "alone"],
    ["distilled", "self-distilled"],
    ["distilled", "wide"],
  ],
  notes: [
    "Each user's rows are parted 80 : 10 : 10 at random, another way for each seed; any rating is relevant, films of the training",
    "and validation parts are left out of the lists. `self-distilled` has the loss of `distilled` with the scores of `alone`.",
  ],
};

if (existsSync("examples/data/ml-100k/ml-100k.parquet")) {
  const page = { title: "MovieLens-100k", file: "ml-100k", command: "npm run bench:ml-100k" };
  const chosen = readFileSync("benchmarks/ml-100k/chosen.md", "utf8");
  process.exitCode = (await benchLines({ ...page, notes: [chosen] }, [exposed, full])) ? 0 : 1;
} else {
  console.error(
    "bench:ml-100k: skipped, no data; twinstill dataset ml-100k --out examples/data/ml-100k --accept-licence",
  );
}
