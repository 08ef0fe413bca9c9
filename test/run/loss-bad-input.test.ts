// Wrong terms are refused before anything is trained, each with one message that says what to do.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigError, DataError } from "../../src/errors.ts";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import { finishRun, smallData } from "./small-run.ts";
import { distilled, labelled, PLAIN, withStudent, withTrain, writeConfig, type Yaml } from "./term-setting.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-refused-"));
  writeFileSync(join(folder, "data.csv"), smallData());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The message without the file's place. */
function refusal(given: Yaml): string {
  try {
    readRunConfig(writeConfig(folder, given));
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message.replaceAll(/^\S*given\.yaml:\d+: /gm, "");
  }
  throw new Error("the configuration was accepted");
}

const rows = { negatives: undefined };
const stored = { teacher: undefined, scores: { store: "store" }, train: (PLAIN as { train: Yaml }).train };

describe("a wrong term is refused", () => {
  it.each<readonly [string, Yaml, string]>([
    [
      "an unknown loss",
      distilled({ kind: "list-lk" }),
      'must be "bernoulli-kl", "soft-cross-entropy", "logit-mse", "probability-mse", "affine-mse", "collaborative-distillation", "position-weighted", "ranking-distillation", "calibrated-listwise", "pairwise-hinge", "pairwise-logistic", "margin-mse", "list-kl", "list-net", "list-mle", "rank-distil", "relaxed-ranking", "rank-position", "tutor-learning", "relaxed-recall", "global-order", "adaptive-ranking", "stage-recall", "hint-mse", "hint-cosine", "distillation-experts" or "own", got "list-lk"; did you mean "list-kl"?',
    ],
    [
      "an unknown option",
      distilled({ kind: "list-kl", temprature: 2 }),
      'distill.0: unknown key "temprature"; did you mean "temperature"?',
    ],
    [
      "two targets of ranks",
      distilled({ kind: "rank-position", maxPosition: 9, positionWeights: { kind: "exponential", decay: 5 } }),
      "distill.0.maxPosition: cannot stand beside positionWeights: they are two targets; give one",
    ],
    ["another loss's option", distilled({ kind: "logit-mse", temperature: 2 }), 'distill.0: unknown key "temperature"'],
    [
      "a temperature of 0",
      distilled({ kind: "list-kl", temperature: 0 }),
      "distill.0.temperature: Too small: expected number to be >0",
    ],
    [
      "a temperature that is no number",
      distilled({ kind: "list-kl", temperature: Number.NaN }),
      "distill.0.temperature: must be a number > 0, or a schedule: a map with kind",
    ],
    [
      "a temperature that falls to 0",
      distilled({ kind: "list-kl", temperature: { kind: "linear", from: 1, to: 0, steps: 9 } }),
      "distill.0.temperature.to: Too small: expected number to be >0",
    ],
    [
      "a schedule of an unknown kind",
      distilled({ kind: "list-kl", weight: { kind: "cosin", from: 1, to: 0, steps: 9 } }),
      'distill.0.weight.kind: must be "linear", "cosine", "exponential", "step", "warm-up", "joined" or "uncertainty", got "cosin"; did you mean "cosine"?',
    ],
    [
      "a weight that is no number",
      distilled({ kind: "list-kl", weight: "much" }),
      "distill.0.weight: must be a number >= 0, or a schedule: a map with kind",
    ],
    [
      "a list loss on rows",
      distilled({ kind: "list-kl" }, rows),
      "distill.0: list-kl compares the candidates of a row: give a negatives block, take space: lists of a score store, or a point-wise kind",
    ],
    [
      "a list loss on a column of scores",
      withColumn({ kind: "list-kl", head: { column: "old" } }),
      "distill.0.head: list-kl needs the teacher's scores of all candidates of a row, a column has one a row",
    ],
    [
      "ranks for a loss on scores",
      withColumn({ kind: "logit-mse", head: { column: "old", holds: "ranks" } }),
      "distill.0.head.holds: logit-mse needs scores; of ranks a row, position-weighted alone learns",
    ],
    [
      "a column that is none of scores",
      withColumn({ kind: "logit-mse", head: { column: "odl" } }),
      'distill.0.head.column: must name a column of role teacher-score (old), got "odl"; did you mean "old"?',
    ],
    [
      "position weights without ranks",
      distilled({ kind: "position-weighted" }, rows),
      "distill.0: position-weighted ranks the candidates of a row: give a negatives block, take space: lists of a score store, or a column that holds ranks",
    ],
    [
      "the sampled candidates alone, where there are none",
      distilled({ kind: "logit-mse", space: "sampled" }, rows),
      "distill.0.space: cannot take effect: without a negatives block every row is its own item alone",
    ],
    [
      "stored scores of negatives that are drawn anew",
      distilled({ kind: "list-kl" }, stored),
      "distill.0: list-kl needs scores of the negatives, and only those of kind stored have them",
    ],
    [
      "layers of a teacher that left its scores alone",
      distilled({ kind: "hint-mse" }, { ...stored, negatives: { kind: "stored", count: 2 } }),
      "distill.0: hint-mse needs the teacher's layers, a score store has its scores alone; name the run as frozen",
    ],
    [
      "layers of two widths without a projection",
      distilled({ kind: "hint-mse", project: false }),
      "distill.0.project: must be true where the layers' widths differ, got 4 (student) and 16 (teacher)",
    ],
    [
      "layers of fused heads",
      distilled({ kind: "hint-mse", head: { fuse: { ctr: 1 } } }),
      'distill.0.head: hint-mse needs one head, "ctr", "cvr" or "ctcvr", whose layer it compares',
    ],
    [
      "heads fused by powers of 0",
      distilled({ kind: "list-kl", head: { fuse: { ctr: 0, ctcvr: 0 } } }),
      "distill.0.head.fuse: must have an exponent above 0",
    ],
    [
      "an unknown head",
      distilled({ kind: "list-kl", head: { fuse: { ctr: 1, ctcv: 1 } } }),
      'distill.0.head: must be "ctr", "cvr" or "ctcvr", got "ctcv"; did you mean "ctcvr"?',
    ],
    [
      "a moving teacher in a run that trains none",
      distilled(
        { kind: "list-kl", stopTeacherGradient: false },
        { ...stored, negatives: { kind: "stored", count: 2 } },
      ),
      "distill.0.stopTeacherGradient: cannot be false: no teacher is trained in this run",
    ],
    [
      "log q of negatives that have none",
      labelled({ kind: "softmax", logQ: "classic" }, { negatives: { kind: "exposed", count: 2, label: "good" } }),
      "student.losses.0.logQ: needs log q of every negative, and negatives of kind exposed have none; take logQ none",
    ],
    [
      "pairs without negatives",
      labelled({ kind: "bpr" }),
      "student.losses.0: bpr takes its negatives from the negatives block; give one, or take an in-batch loss",
    ],
    [
      "columns for an in-batch loss that is not there",
      labelled({ kind: "binary-cross-entropy" }, { inBatch: { uniform: 4 } }),
      "inBatch: cannot take effect: no loss of the student is an in-batch one",
    ],
    [
      "two unnamed losses of one kind",
      withStudent(PLAIN, {
        losses: [
          { kind: "in-batch-softmax", label: "good" },
          { kind: "in-batch-softmax", label: "good", logQ: "none" },
        ],
      }),
      'student.losses.1.name: must be given and unique where two losses are "in-batch-softmax/good"',
    ],
    [
      "negatives from the ranking of a model that is not there",
      labelled({ kind: "bpr" }, { negatives: { kind: "rank-window", count: 2, from: 3, to: 9, by: "teacher" } }),
      "negatives.0.by: there is no teacher block",
    ],
    [
      "a window of ranks that ends before it begins",
      labelled({ kind: "bpr" }, { negatives: { kind: "rank-window", count: 2, from: 9, to: 3 } }),
      "negatives.to: must be at least from",
    ],
    [
      "no negatives",
      labelled({ kind: "bpr" }, { negatives: { kind: "random", count: 0 } }),
      "negatives.count: Too small: expected number to be >=1",
    ],
    [
      "an unknown source of negatives",
      labelled(
        { kind: "bpr" },
        {
          negatives: [
            { kind: "random", count: 1 },
            { kind: "frequent", count: 1 },
          ],
        },
      ),
      'negatives.1.kind: must be "random", "frequency", "exposed", "rank-window", "rank-aware" or "stored", got "frequent"; did you mean "frequency"?',
    ],
    [
      "a stage that is not there",
      withTrain(labelled({ kind: "in-batch-softmax", stages: ["frist"] }), {
        stages: [{ name: "first", until: { kind: "steps", steps: 2 } }, { name: "second" }],
      }),
      'student.losses.0.stages.0: must name a stage of train.stages (first, second), got "frist"; did you mean "first"?',
    ],
    [
      "a stage without a term",
      withTrain(labelled({ kind: "in-batch-softmax", stages: ["first"] }), {
        stages: [{ name: "first", until: { kind: "steps", steps: 2 } }, { name: "second" }],
      }),
      'train.stages.1: must have a term, got none that belongs to "second"',
    ],
    [
      "a stage in the middle that never ends",
      withTrain(labelled({ kind: "in-batch-softmax" }), { stages: [{ name: "first" }, { name: "second" }] }),
      "train.stages.0.until: must say what ends the stage",
    ],
  ])("%s", (_, given, message) => {
    expect(refusal(given)).toContain(message);
  });
});

/** The run with a column of scores that an older ranker wrote. */
function withColumn(term: Yaml): Yaml {
  const { data } = PLAIN as { data: { columns: Yaml } & Yaml };
  const columns = { ...data.columns, old: { role: "teacher-score" } };
  return { ...PLAIN, data: { ...data, columns }, distill: [{ name: "term", ...term }] };
}

describe("data that a term cannot learn from are refused", () => {
  const [header, ...lines] = smallData().trim().split("\n");
  /** Runs the configuration on rows with a further column. */
  const run = (given: Yaml, score: (line: string, row: number) => string): Promise<unknown> => {
    const text = [`${header},old`, ...lines.map((line, row) => `${line},${score(line, row)}`)].join("\n");
    writeFileSync(join(folder, "data.csv"), `${text}\n`);
    return finishRun(writeConfig(folder, given), join(folder, "refused"));
  };
  const head = (holds: string): Yaml => ({ kind: "position-weighted", head: { column: "old", holds } });

  it.each<readonly [string, Yaml, (line: string, row: number) => string, string]>([
    [
      "a score that is no number",
      { kind: "logit-mse", head: { column: "old" } },
      (_, row) => (row === 7 ? "nan" : "0.5"),
      "old",
    ],
    [
      "a probability above 1",
      { kind: "bernoulli-kl", head: { column: "old", holds: "probabilities" } },
      (_, row) => (row === 7 ? "1.5" : "0.5"),
      'distill "term": column "old" must hold probabilities in [0, 1] in every training row, got 1.5 in row 7',
    ],
    [
      "a rank of 0",
      head("ranks"),
      (_, row) => (row === 7 ? "0" : "3"),
      'distill "term": column "old" must hold whole numbers >= 1 in every training row, got 0 in row 7',
    ],
    [
      "one rank for two items of a user",
      head("ranks"),
      () => "1",
      'distill "term": column "old" must give each item of a user a rank of its own, got rank 1 in rows ',
    ],
  ])("%s", async (_, term, score, message) => {
    const refused = run(withColumn(term), score);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toBeInstanceOf(DataError);
  });

  it("a memory bank larger than the data, and a plateau without a part to measure it on", async () => {
    const bank = labelled({ kind: "in-batch-softmax" }, { inBatch: { bank: { size: 5000 } } });
    await expect(run(bank, () => "1")).rejects.toThrow(
      "inBatch.bank.size: bank must hold at most one pass over the data, got 5000 places for 400 training rows",
    );
    const { data } = PLAIN as { data: Yaml };
    const waiting = withTrain(
      { ...labelled({ kind: "in-batch-softmax" }), data: { ...data, split: { by: "expression", train: "day < 8" } } },
      { stages: [{ name: "first", until: { kind: "plateau", metric: "recall@5" } }, { name: "second" }] },
    );
    await expect(run(waiting, () => "1")).rejects.toThrow(
      'train.stages: stage "first" must have a validation part to measure its plateau on, got none; split one off, or end the stage by loss-plateau, steps or epochs',
    );
  });
});
