/** A number to reach on the test part of InstEval, mean of three seeds. */
export interface Bar {
  readonly what: string;
  readonly name: string;
  /** The bar is on the gain over this row, seed by seed. */
  readonly over?: string;
  readonly metric: string;
  readonly bar: number;
}

export const BARS: readonly Bar[] = [
  { what: "MMoE on exposed rows", name: "ranker", metric: "ctr/auc", bar: 0.65 },
  { what: "MMoE on exposed rows", name: "ranker", metric: "ctcvr/auc", bar: 0.658 },
  { what: "DSSM alone, in-batch softmax", name: "softmax", metric: "attended/recall@10", bar: 0.25 },
  { what: "DSSM alone, in-batch softmax", name: "softmax", metric: "attended/recall@100", bar: 0.75 },
  { what: "DSSM alone, in-batch softmax", name: "softmax", metric: "attended/ndcg@10", bar: 0.24 },
  { what: "DSSM on the hard label y = 5", name: "hard", metric: "recall@10", bar: 0.055 },
  { what: "DSSM on the hard label y = 5", name: "hard", metric: "recall@100", bar: 0.3 },
  { what: "DMTL's student", name: "distilled", metric: "recall@10", bar: 0.18 },
  { what: "DMTL's student", name: "distilled", metric: "recall@100", bar: 0.65 },
  {
    what: "DMTL's student over the hard-label student",
    name: "distilled",
    over: "hard",
    metric: "ctcvr/auc",
    bar: 0.01,
  },
];

/** Figures of others on the same split, to read the table by. */
export const REFERENCES: readonly string[] = [
  "BPR matrix factorisation, d = 32, 40 epochs, on all attended (PyTorch, one seed): attended recall@10 .288, recall@100 .815, ndcg@10 .296: ahead of the softmax DSSM.",
  "Popularity: attended recall@10 .0485, recall@100 .2569.",
  "Controls of the distilled student: the hard-label student and the softmax student; a gain over one of them alone is no claim.",
];
