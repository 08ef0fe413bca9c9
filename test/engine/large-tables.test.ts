import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { lookup } from "../../src/engine/lookup.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import type { TableParameter } from "../../src/engine/parameters.ts";
import { createProgram } from "../../src/engine/program.ts";
import type { Entries } from "../../src/engine/step.ts";
import { isSmall, variableNodes } from "../../src/engine/variable-nodes.ts";
import { initialRows, listVariables } from "../../src/engine/variables.ts";
import { nativeEngine } from "./fixtures/native.ts";

let native: NativeEngine;
beforeAll(async () => {
  native = await nativeEngine();
});

const ROWS = 300_000; // more values than variables that move whole have
const table = (name: string): TableParameter => ({
  kind: "table",
  name,
  rows: ROWS,
  width: 16,
  initialiser: { kind: "uniform", limit: 0.5, seed: 1 },
  group: "main",
  update: "rows",
});
const tree = { left: table("left"), right: table("right") };
const entries = {
  train: {
    kind: "train",
    optimisers: { main: { dense: { kind: "sgd" }, table: { kind: "adagrad" } } },
    step: (values, { ids }) => {
      const rows = tf.mul(lookup(values.left, ids!), lookup(values.right, ids!));
      return { loss: tf.mean(rows) as tf.Scalar, parts: {} };
    },
  },
  rows: { kind: "forward", forward: (values, { ids }) => ({ rows: lookup(values.left, ids!) }) },
} satisfies Entries<typeof tree>;
const ids = Int32Array.of(ROWS - 1, 5, ROWS - 1);
const batch = { ids: { data: ids, shape: [3] } };

const bytes = ({ buffer }: Float32Array): Uint8Array => new Uint8Array(buffer);

describe("tables that move in chunks of rows", () => {
  it("have their first values everywhere, and move where they are looked up, also after a graph was added", () => {
    const variables = listVariables(tree, entries);
    expect(variables.filter(isSmall)).toEqual([]);
    const program = createProgram(tree, entries, { native });
    program.train("train", { batch, rates: { main: 0.5 } });
    const trained = variables.map(({ name }) => program.read(name));
    for (const [i, variable] of variables.entries()) {
      const first = initialRows(variable, 0, ROWS);
      const moved = new Set<number>();
      for (let value = 0; value < first.length; value++)
        if (first[value] !== trained[i]![value]) moved.add(Math.floor(value / 16));
      expect([...moved]).toEqual([5, ROWS - 1]);
    }
    const { rows } = program.forward("rows", batch);
    expect(rows!.data.slice(0, 16)).toEqual(trained[0]!.slice(-16));
    const kept = variables.map(({ name }, i) => Buffer.compare(bytes(program.read(name)), bytes(trained[i]!)));
    expect(kept).toEqual([0, 0, 0, 0]);
    program.close();
  });

  it("are filled from a number that is fed: of equal constants TensorFlow would make one tensor, and copy it", () => {
    const nodes = variableNodes(listVariables(tree, entries));
    const byName = new Map(nodes.map((node) => [node.name, node]));
    const fills = nodes.filter(({ op }) => op === "Fill").map(({ inputs }) => byName.get(inputs[1]!)!);
    expect(fills.map(({ op }) => op)).toEqual(Array(4).fill("Placeholder"));
    expect(new Set(fills).size).toBe(4);
  });
});
