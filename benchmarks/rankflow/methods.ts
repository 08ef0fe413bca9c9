/** A run of the benchmark. Those of one seed are made in this order. */
export interface Run {
  readonly name: string;
  /** File in examples/cascade. */
  readonly config: string;
  /** Settings on top of the file. */
  readonly sets?: readonly string[];
  /** Earlier run that stages begin as. */
  readonly start?: Readonly<Record<string, string>>;
}

/** A row of the table: which run each stage comes from. */
export type Row = Readonly<{ name: string; recall: string; "pre-rank": string; rank: string }>;

const later = { "pre-rank": "negatives", rank: "negatives" };
const all = { recall: "negatives", ...later };
const SELF =
  "round=[{name: self, terms: [{stage: recall, space: pool, loss: {kind: labels}}, {stage: pre-rank, space: recalled, loss: {kind: labels}}], optimiser: {rate: 0.0001}}]";

export const RUNS: readonly Run[] = [
  { name: "negatives", config: "negatives" },
  { name: "exposed", config: "exposed", start: later },
  { name: "joint", config: "joint", start: { "pre-rank": "negatives" } },
  { name: "list-kd", config: "list-kd", start: later },
  { name: "rankflow", config: "rankflow", sets: ["warmUp=[]"], start: all },
  { name: "self-only", config: "rankflow", sets: ["warmUp=[]", "finish=[]", SELF], start: all },
  {
    name: "pre-softmax-kd",
    config: "pre-rank",
    sets: ["warmUp.0.terms.0.loss={kind: list-kl}"],
    start: { ...later, recall: "joint" },
  },
  { name: "pre-relaxed", config: "pre-rank", start: { ...later, recall: "joint" } },
  { name: "multi-space", config: "multi-space" },
  { name: "list-kd-same-ranker", config: "list-kd", start: { "pre-rank": "multi-space", rank: "multi-space" } },
];

/** Stages that a run does not name are those of `negatives`. */
const row = (name: string, stages: Partial<Row>): Row => ({
  name,
  recall: "negatives",
  "pre-rank": "negatives",
  rank: "negatives",
  ...stages,
});

export const ROWS: readonly Row[] = [
  row("exposed", { recall: "exposed" }),
  row("negatives", {}),
  row("joint", { recall: "joint" }),
  row("list-kd", { recall: "list-kd" }),
  row("rankflow", { recall: "rankflow", "pre-rank": "rankflow", rank: "rankflow" }),
  row("self-only", { recall: "self-only", "pre-rank": "self-only" }),
  row("pre-softmax-kd", { recall: "joint", "pre-rank": "pre-softmax-kd" }),
  row("pre-relaxed", { recall: "joint", "pre-rank": "pre-relaxed" }),
  row("multi-space", { recall: "multi-space", "pre-rank": "multi-space", rank: "multi-space" }),
  row("list-kd-same-ranker", { recall: "list-kd-same-ranker", "pre-rank": "multi-space", rank: "multi-space" }),
];

/** A gain that the cascade must show: relative, mean of the seeds, positive in each of them. */
export interface Bar {
  readonly row: string;
  readonly over: string;
  readonly metric: string;
  readonly least: number;
}

export const BARS: readonly Bar[] = [
  { row: "negatives", over: "exposed", metric: "recall", least: 0.2 },
  { row: "negatives", over: "exposed", metric: "conversions", least: 0.1 },
  { row: "joint", over: "negatives", metric: "recall", least: 0.08 },
  { row: "joint", over: "negatives", metric: "conversions", least: 0.015 },
  { row: "list-kd", over: "negatives", metric: "recall", least: 0.2 },
  { row: "list-kd", over: "negatives", metric: "conversions", least: 0.04 },
  { row: "rankflow", over: "negatives", metric: "recall", least: 0.12 },
  { row: "multi-space", over: "list-kd", metric: "recall", least: 0 },
  { row: "multi-space", over: "list-kd", metric: "conversions", least: 0 },
  { row: "multi-space", over: "list-kd", metric: "recall/cold", least: 0 },
  { row: "multi-space", over: "list-kd-same-ranker", metric: "recall", least: 0 },
  { row: "multi-space", over: "list-kd-same-ranker", metric: "conversions", least: 0 },
  { row: "pre-softmax-kd", over: "joint", metric: "pre-rank/kept-ranker", least: 0.05 },
  { row: "pre-relaxed", over: "joint", metric: "pre-rank/kept-ranker", least: 0.05 },
];
