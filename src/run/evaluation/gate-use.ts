import type { OpenedRun } from "../open-run.ts";
import { rowBatches, SCORE_ROWS } from "./batches.ts";

/** How one task's gate spreads its weight over the experts. */
export interface GateUse {
  readonly task: "ctr" | "cvr";
  /** [E] mean weight of each expert; adds up to 1. */
  readonly weights: readonly number[];
  /** Of the mean weights, divided by log E: 1 is even, 0 is one expert alone. */
  readonly entropy: number;
  /** One expert has nearly all the weight: the mixture has collapsed. */
  readonly collapsed: boolean;
}

const TASKS = ["ctr", "cvr"] as const;
/** Mean weight of one expert above which a gate counts as collapsed. */
const COLLAPSE = 0.95;

/** Mean gate weights over (up to a few thousand of) the rows. */
export function gateUse({ program, dataset, config }: OpenedRun, rows: Int32Array): readonly GateUse[] {
  const experts = config.teacher!.experts.count;
  const sums = TASKS.map(() => new Float64Array(experts));
  const sample = rows.subarray(0, 4 * SCORE_ROWS);
  for (const { batch, count } of rowBatches(dataset, sample, SCORE_ROWS)) {
    const { data } = program.forward("gates", batch).gates!;
    for (let row = 0; row < count; row++) {
      for (const [task, sum] of sums.entries())
        for (let e = 0; e < experts; e++) sum[e]! += data[(row * TASKS.length + task) * experts + e]!;
    }
  }
  return TASKS.map((task, t) => {
    const weights = Array.from(sums[t]!, (sum) => sum / sample.length);
    const entropy =
      experts === 1 ? 1 : weights.reduce((sum, w) => sum - (w > 0 ? w * Math.log(w) : 0), 0) / Math.log(experts);
    return { task, weights, entropy, collapsed: experts > 1 && Math.max(...weights) > COLLAPSE };
  });
}
