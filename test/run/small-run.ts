import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NativeEngine } from "../../src/engine/native.ts";
import { randomStream } from "../../src/random.ts";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import { executeRun, type RunNotice, type RunOptions, type RunResult } from "../../src/run/execute-run.ts";
import { loadRuntime } from "../../src/runtime/index.ts";

const USERS = 30;
const ITEMS = 20;
const ROWS = 500;

/** Rows with a taste to learn: users and items of one parity like each other. */
export function smallData(): string {
  const stream = randomStream(7, "small data");
  const lines = ["user,age,item,topic,hour,day,rating"];
  for (let row = 0; row < ROWS; row++) {
    const user = stream.integer(USERS);
    const item = stream.integer(ITEMS);
    const liked = user % 2 === item % 2 ? 0.8 : 0.2;
    const rating = stream.uniform() < liked ? 4 + stream.integer(2) : 1 + stream.integer(3);
    const day = Math.floor((row * 10) / ROWS);
    lines.push([`u${user}`, user % 5, item, `t${item % 3}`, stream.integer(3), day, rating].join(","));
  }
  return `${lines.join("\n")}\n`;
}

const CONFIG = `
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
  split: { by: expression, train: day < 8, validation: day == 8, test: day == 9 }
negatives: { kind: frequency, count: 2 }
teacher:
  kind: mmoe
  embeddings: { default: 4 }
  experts: { count: 2, units: [8] }
  towerUnits: []
  inputDropout: 0.1
  labels: { ctr: seen, ctcvr: top }
student:
  kind: dssm
  embeddings: { default: 4 }
  userUnits: [4]
  itemUnits: [4]
  scale: 5
  inputDropout: 0.1
distill:
  - { name: kd, head: ctcvr, kind: bernoulli-kl }
train:
  batchSize: 64
  epochs: 3
  workers: 0
  logEvery: 1
  teacher: { rate: 0.01 }
  student: { rate: 0.01 }
evaluate:
  labels: { ctr: good, ctcvr: top }
  relevant: good
  ks: [5]
`;

/** Writes the data and the configuration into `folder`. @returns the configuration's path. */
export function writeSmallRun(folder: string, { data = smallData(), config = CONFIG } = {}): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "data.csv"), data);
  writeFileSync(join(folder, "run.yaml"), config);
  return join(folder, "run.yaml");
}

/** The native engine of this machine; undefined where there is none. */
export async function nativeEngine(): Promise<NativeEngine | undefined> {
  const { native, kind } = await loadRuntime();
  return native && { ...native, gpu: kind === "native-gpu" };
}

/** Executes a run to its end. */
export async function finishRun(
  config: string,
  out: string,
  {
    sets = [],
    ...options
  }: Partial<RunOptions> & { readonly sets?: readonly string[]; readonly onNotice?: (notice: RunNotice) => void } = {},
): Promise<RunResult> {
  const { onNotice, ...rest } = options;
  const run = executeRun({ resolved: readRunConfig(config, sets), out, environment: {}, ...rest });
  for (;;) {
    const { value, done } = await run.next();
    if (done) return value;
    onNotice?.(value);
  }
}
