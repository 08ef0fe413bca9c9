import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import type { NativeEngine } from "../../src/engine/native.ts";
import type { Optimiser } from "../../src/engine/optimisers/index.ts";
import {
  type DenseParameter,
  listParameters,
  parameterSize,
  type TableParameter,
} from "../../src/engine/parameters.ts";
import { createProgram, type Program, variableChunks } from "../../src/engine/program.ts";
import type { Entries } from "../../src/engine/step.ts";
import { expectClose } from "./fixtures/expect-close.ts";
import { nativeEngine } from "./fixtures/native.ts";
import { ITEM_ROWS, type SmallModel, smallBatch, smallModel, smallStep, WIDTH } from "./fixtures/small-model.ts";

let native: NativeEngine;
beforeAll(async () => {
  native = await nativeEngine();
});

const optimiser: Optimiser = { dense: { kind: "adam" }, table: { kind: "adagrad" } };
const entries = {
  both: { kind: "train", step: smallStep, optimisers: { main: optimiser, head: optimiser } },
  headOnly: { kind: "train", step: smallStep, optimisers: { head: optimiser } },
  headAgain: { kind: "train", step: smallStep, optimisers: { head: optimiser }, slots: "headOnly" },
  predict: {
    kind: "forward",
    forward: (values, batch) => ({ twice: tf.mul(values.still, 2), ids: tf.add(batch.item!, tf.scalar(1, "int32")) }),
  },
} satisfies Entries<SmallModel>;

const EXECUTORS = ["replay", "eager"] as const;
const open = (executor: (typeof EXECUTORS)[number], options: { seed?: number } = {}): Program =>
  createProgram(smallModel, entries, { native, eager: executor === "eager", ...options });
const call = { batch: smallBatch(1), rates: { main: 0.1, head: 0.1 }, inputs: { weight: 0.5 } };
const snapshot = (program: Program): Map<string, Float32Array> =>
  new Map(program.variables.map(({ name }) => [name, program.read(name)]));
const moved = (before: Map<string, Float32Array>, program: Program): string[] =>
  [...before]
    .filter(([name, values]) => !values.every((value, i) => value === program.read(name)[i]))
    .map(([name]) => name);

describe.each(EXECUTORS)("createProgram, %s", (executor) => {
  it("lists parameters, then the slots of each training entry; shared slots once", () => {
    const program = open(executor);
    expect(program.variables.map(({ name, role, shape }) => `${role} ${name} [${shape}]`)).toMatchInlineSnapshot(`
      [
        "parameter small/items [12,4]",
        "parameter small/words [7,4]",
        "parameter small/kernel [8,5]",
        "parameter small/bias [5]",
        "parameter small/head/kernel [5,1]",
        "parameter small/head/scale []",
        "parameter small/still [5]",
        "slot both/small/items/accumulator [12,4]",
        "slot both/small/words/m [7,4]",
        "slot both/small/words/v [7,4]",
        "slot both/small/kernel/m [8,5]",
        "slot both/small/kernel/v [8,5]",
        "slot both/small/bias/m [5]",
        "slot both/small/bias/v [5]",
        "slot both/small/head/kernel/m [5,1]",
        "slot both/small/head/kernel/v [5,1]",
        "slot both/small/head/scale/m []",
        "slot both/small/head/scale/v []",
        "slot headOnly/small/head/kernel/m [5,1]",
        "slot headOnly/small/head/kernel/v [5,1]",
        "slot headOnly/small/head/scale/m []",
        "slot headOnly/small/head/scale/v []",
      ]
    `);
    program.close();
  });

  it("moves exactly the parameters whose group the entry names, and the rows that were looked up", () => {
    const program = open(executor);
    let before = snapshot(program);
    program.train("headOnly", call);
    expect(moved(before, program).sort()).toEqual(
      ["kernel", "scale"]
        .flatMap((name) => [`headOnly/small/head/${name}/m`, `headOnly/small/head/${name}/v`, `small/head/${name}`])
        .sort(),
    );
    before = snapshot(program);
    program.train("both", call);
    const names = moved(before, program);
    expect(names).not.toContain("small/still");
    expect(names.filter((name) => name.startsWith("headOnly/"))).toEqual([]);
    expect(names).toEqual(
      expect.arrayContaining(["small/items", "small/words", "small/kernel", "small/bias", "small/head/kernel"]),
    );
    const read = new Set([...call.batch.item!.data, ...call.batch.history!.data]);
    const [old, now] = [before.get("small/items")!, program.read("small/items")];
    for (let id = 0; id < ITEM_ROWS; id++) {
      const same = old.subarray(id * WIDTH, (id + 1) * WIDTH).every((value, d) => value === now[id * WIDTH + d]);
      expect(same, `row ${id} stays`).toBe(id === 0 || !read.has(id));
    }
    program.close();
  });

  it("counts steps per slots name; the count is what Adam corrects by and the noise is keyed by", () => {
    const program = open(executor);
    program.train("headOnly", call);
    program.train("headAgain", call);
    program.train("both", call);
    expect(program.counts()).toEqual({ headOnly: 2, both: 1 });
    const [state, counts] = [snapshot(program), program.counts()];
    const next = program.train("both", call).loss;
    const later = program.train("both", call).loss;
    for (const [name, values] of state) program.write(name, values);
    program.setCounts(counts);
    expect(program.train("both", call).loss).toBe(next);
    expect(program.train("both", call).loss).toBe(later);
    program.close();
  });

  it("keys noise by the seed", () => {
    const losses = [1, 1, 2].map((seed) => {
      const program = open(executor, { seed });
      const { loss } = program.train("both", call);
      program.close();
      return loss;
    });
    expect(losses[0]).toBe(losses[1]);
    expect(losses[2]).not.toBe(losses[0]);
  });

  it("gives forward results with their shapes and dtypes, and moves nothing", () => {
    const program = open(executor);
    const before = snapshot(program);
    const { twice, ids } = program.forward("predict", call.batch);
    expect(twice!.shape).toEqual([5]);
    expectClose(
      twice!.data,
      before.get("small/still")!.map((value) => 2 * value),
      { relative: 1e-7 },
    );
    expect(ids).toEqual({ data: call.batch.item!.data.map((id) => (id as number) + 1), shape: [6] });
    expect(ids!.data).toBeInstanceOf(Int32Array);
    expect(moved(before, program)).toEqual([]);
    expect(program.counts()).toEqual({});
    program.close();
  });

  it("reads and writes rows of a table, whole variables and chunks", () => {
    const program = open(executor);
    const rows = Float32Array.from({ length: 2 * WIDTH }, (_, i) => i - 3);
    program.write("small/items", rows, 3);
    expect(program.read("small/items", 3, 5)).toEqual(rows);
    expect(program.read("small/items").subarray(3 * WIDTH, 5 * WIDTH)).toEqual(rows);
    program.write("small/head/scale", Float32Array.of(0.25));
    expect(program.read("small/head/scale")).toEqual(Float32Array.of(0.25));
    const items = program.variables.find(({ name }) => name === "small/items")!;
    const chunks = [...variableChunks(program, items)];
    expect(chunks.flatMap((chunk) => [...chunk])).toEqual([...program.read("small/items")]);
    program.train("both", call);
    expect(program.read("small/head/scale")).not.toEqual(Float32Array.of(0.25));
    program.close();
  });

  it("says what is wrong with a call", () => {
    const program = open(executor);
    const message = (body: () => unknown): string => {
      try {
        body();
      } catch (error) {
        expect((error as Error).name).toBe("ConfigError");
        return (error as Error).message;
      }
      throw new Error("nothing was refused");
    };
    expect(message(() => program.train("bth", call))).toMatchInlineSnapshot(
      `"program: entry must be one of both, headOnly, headAgain, predict, got "bth""`,
    );
    expect(message(() => program.train("predict", call))).toMatchInlineSnapshot(
      `"program.train: entry must be a training entry, got "predict"; use program.forward"`,
    );
    expect(message(() => program.forward("both", call.batch))).toMatchInlineSnapshot(
      `"program.forward: entry must be a forward entry, got "both"; use program.train"`,
    );
    expect(message(() => program.train("both", { ...call, rates: { main: 0.1 } }))).toMatchInlineSnapshot(
      `"program.train: rates must hold a finite number for group "head", got undefined"`,
    );
    expect(
      message(() => program.train("both", { ...call, rates: { main: Number.NaN, head: 1 } })),
    ).toMatchInlineSnapshot(`"program.train: rates must hold a finite number for group "main", got NaN"`);
    expect(message(() => program.read("small/itms"))).toMatchInlineSnapshot(
      `"program: variable must be one of the program's, got "small/itms""`,
    );
    expect(message(() => program.write("small/items", new Float32Array(5)))).toMatchInlineSnapshot(
      `"program.write: values of "small/items" must be whole rows of [12,4], got 5 values from row 0"`,
    );
    expect(message(() => program.write("small/items", new Float32Array(WIDTH), ITEM_ROWS))).toMatchInlineSnapshot(
      `"program.write: values of "small/items" must be whole rows of [12,4], got 4 values from row 12"`,
    );
    expect(program.counts()).toEqual({});
    program.close();
  });
});

describe("a program", () => {
  it("starts from the same values on both executors, bit for bit", () => {
    const [replay, eager] = EXECUTORS.map((executor) => open(executor));
    for (const { name } of replay!.variables) expect(replay!.read(name), name).toEqual(eager!.read(name));
    replay!.close();
    eager!.close();
  });

  it("keeps its state bit for bit when an entry or a shape is added", () => {
    const program = open("replay");
    program.train("both", call);
    program.train("both", call);
    const before = snapshot(program);
    program.forward("predict", call.batch);
    expect(moved(before, program)).toEqual([]);
    program.forward("predict", smallBatch(3, 5));
    expect(moved(before, program)).toEqual([]);
    expect(program.captures.map(({ entry }) => entry)).toEqual(["both", "predict", "predict"]);
    program.close();
  });

  it("holds at most 8 shapes an entry, and says what to do", () => {
    const program = open("replay");
    for (let rows = 1; rows <= 8; rows++) program.forward("predict", smallBatch(3, rows));
    program.forward("predict", smallBatch(4, 3));
    expect(program.captures).toHaveLength(8);
    expect(() => program.forward("predict", smallBatch(3, 9))).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: program: entry "predict" may be called with at most 8 shapes, got another one (history:i[9,3] item:i[9] label:f[9] word:i[9]); pad batches to a few fixed lengths]`,
    );
    expect(program.forward("predict", smallBatch(3, 8)).twice!.shape).toEqual([5]);
    program.close();
  });

  it("reports each capture", () => {
    const program = open("replay");
    program.forward("predict", call.batch);
    const [report] = program.captures;
    expect(report).toMatchObject({ entry: "predict", ops: 2, shapes: "history:i[6,3] item:i[6] label:f[6] word:i[6]" });
    expect(report!.milliseconds).toBeGreaterThan(0);
    program.close();
  });

  it("runs eagerly without a native runtime", () => {
    const program = createProgram(smallModel, entries);
    expect(program.executor).toBe("eager");
    program.close();
  });
});

describe("parameters", () => {
  it("are listed once each, in order, wherever they stand", () => {
    const { kernel, items } = smallModel;
    expect(listParameters({ b: [kernel, items], a: { again: kernel } }).map(({ name }) => name)).toEqual([
      "small/kernel",
      "small/items",
    ]);
    expect([kernel, items, smallModel.head.scale].map(parameterSize)).toEqual([40, 48, 1]);
  });

  it("must have unique names", () => {
    const twin: DenseParameter = { ...smallModel.kernel, shape: [1] };
    expect(() => listParameters({ a: smallModel.kernel, b: twin })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: listParameters: parameter names must be unique, got two different "small/kernel"]`,
    );
    const other: TableParameter = { ...smallModel.items, name: "small/bias" };
    expect(() => createProgram({ ...smallModel, other }, {})).toThrow('got two different "small/bias"');
  });
});
