import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import {
  executeScore,
  type ScoreNotice,
  type ScoreOptions,
  type ScoreResult,
} from "../../src/run/score/execute-score.ts";
import { smallData } from "./small-run.ts";

const DATA = `
seed: 3
data:
  source: data.csv
  columns:
    user: { role: user, kind: id }
    age: { role: user, kind: categorical }
    item: { role: item, kind: id }
    topic: { role: item, kind: categorical }
    hour: { role: context, kind: categorical }
    day: { role: time }
    rating: { role: label }
  labels: { seen: "1", good: rating >= 4, top: rating == 5 }
evaluate:
  labels: { ctr: good, ctcvr: top }
  relevant: good
  ks: [5]
`;

const TEACHER = `
extends: data.yaml
data: { split: { by: expression, train: day < 5, validation: day == 5, test: day == 9 } }
negatives: { kind: frequency, count: 2 }
teacher:
  kind: mmoe
  embeddings: { default: 4 }
  experts: { count: 2, units: [8] }
  towerUnits: []
  inputDropout: 0.1
  labels: { ctr: seen, ctcvr: top }
train: { batchSize: 64, epochs: 4, workers: 0, teacher: { rate: 0.01 } }
`;

const STUDENT = `
extends: data.yaml
data: { split: { by: expression, history: day < 5, train: day >= 5 and day < 9, test: day == 9 } }
score:
  rowsPerShard: 64
  candidates: { perRow: 2 }
  top: { k: 4 }
  uniform: { count: 6 }
student:
  kind: dssm
  embeddings: { default: 4 }
  userUnits: [4]
  itemUnits: [4]
  scale: 5
  inputDropout: 0.1
  losses: [{ kind: binary-cross-entropy, label: top }]
train: { batchSize: 32, epochs: 3, workers: 0, logEvery: 1, student: { rate: 0.01 } }
`;

/** The student's configuration with scores: `distill` and `scores` blocks and what else is given. */
export const DISTILL = `
extends: student.yaml
scores: { store: store }
distill: [{ name: kd, head: ctcvr, kind: bernoulli-kl }]
`;

/** Writes data, teacher.yaml, student.yaml and distill.yaml into `folder`. */
export function writeOffline(folder: string, { data = smallData(), distill = DISTILL } = {}): void {
  mkdirSync(folder, { recursive: true });
  const files = {
    "data.csv": data,
    "data.yaml": DATA,
    "teacher.yaml": TEACHER,
    "student.yaml": STUDENT,
    "distill.yaml": distill,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

/** Runs a scoring job to its end. */
export async function finishScore(
  folder: string,
  options: Partial<ScoreOptions> & {
    readonly config?: string;
    readonly sets?: readonly string[];
    readonly onNotice?: (notice: ScoreNotice) => void;
  } = {},
): Promise<ScoreResult> {
  const { config = "student.yaml", sets = [], onNotice, ...rest } = options;
  const job = executeScore({
    resolved: readRunConfig(join(folder, config), sets),
    teacher: join(folder, "teacher"),
    part: "train",
    out: join(folder, "store"),
    ...rest,
  });
  for (;;) {
    const { value, done } = await job.next();
    if (done) return value;
    onNotice?.(value);
  }
}
