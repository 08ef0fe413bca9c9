// npx tsx benchmarks/step/lists.ts [lists] [candidates]: the MMoE of the joint step over lists, forward, with the user's
// part computed once a list, and with the user's ids repeated beside each candidate.
import { createProgram } from "../../src/engine/program.ts";
import type { Entries, HostBatch } from "../../src/engine/step.ts";
import type { Feature } from "../../src/nn/features.ts";
import { randomStream } from "../../src/random.ts";
import { loadRuntime } from "../../src/runtime/index.ts";
import { mmoe } from "../../src/teacher/mmoe.ts";
import { localContender } from "../contender.ts";
import { takeRounds } from "../rounds.ts";
import { median } from "../statistics.ts";

const [lists, candidates] = [Number(process.argv[2] ?? 1024), Number(process.argv[3] ?? 100)];
const ROWS = 10_000;
const fields = (role: string): readonly Feature[] =>
  Array.from({ length: 6 }, (_, field) => {
    const name = `${role}${field}`;
    return { name, key: `${role}/${name}`, kind: "ids", vocabularySize: ROWS, width: 1 };
  });
const features = [...fields("user"), ...fields("item")];
const model = mmoe(
  { name: "teacher", group: "teacher", seed: 1 },
  {
    features,
    products: [],
    dimensions: { default: 16 },
    experts: { count: 8, units: [256, 128] },
    towerUnits: [64],
    inputDropout: 0,
  },
);
const entries = {
  score: { kind: "forward", forward: (values, batch) => ({ ctcvr: model.forward(values, batch).ctcvr }) },
} satisfies Entries<typeof model.parameters>;

const random = randomStream(1, "lists");
const ids = (length: number): Int32Array => Int32Array.from({ length }, () => 2 + random.integer(ROWS - 2));
const once: HostBatch = Object.fromEntries(
  features.map(({ key }) => {
    const shape = key.startsWith("user") ? [lists] : [lists, candidates];
    return [key, { data: ids(shape.reduce((a, b) => a * b)), shape }];
  }),
);
const repeated: HostBatch = Object.fromEntries(
  Object.entries(once).map(([key, { data, shape }]) => [
    key,
    shape.length === 2
      ? { data, shape }
      : {
          data: Int32Array.from({ length: lists * candidates }, (_, i) => data[Math.floor(i / candidates)]!),
          shape: [lists, candidates],
        },
  ]),
);

const runtime = await loadRuntime({ device: "native" });
const native = { ...runtime.native!, gpu: runtime.kind === "native-gpu" };
const program = createProgram(model.parameters, entries, { native });
const contender = (name: string, batch: HostBatch) =>
  localContender(
    name,
    () => program.forward("score", batch).ctcvr!.data[0]!,
    () => undefined,
  );
const { times } = await takeRounds(
  [contender("user once a list", once), contender("user beside each candidate", repeated)],
  { repeats: 3, steps: 3, stepsATurn: 1, patience: 5000 },
);
for (const { name, medians, loss } of times)
  console.log(`[${lists}, ${candidates}] ${name}: ${median(medians).toFixed(0)} ms, first score ${loss.toFixed(6)}`);
program.close();
