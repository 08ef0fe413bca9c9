import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Table, tableFromArrays, tableFromIPC, tableToIPC, vectorFromArray } from "apache-arrow";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openStore, readShards } from "../../src/distill/scores/open-store.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import { runCommand } from "../cli/run-command.ts";
import { finishScore, writeOffline } from "./offline-setting.ts";
import { finishRun, nativeEngine, smallData } from "./small-run.ts";

let native: NativeEngine | undefined;
let folder: string;
const at = (name: string): string => join(folder, name);
const PAIRS =
  "data.pairs={ taste: { kind: mean, of: good, by: [user, topic], prior: 2 }, both: { kind: cross, of: [age, topic] } }";

beforeAll(async () => {
  native = await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-filter-"));
  writeOffline(folder);
  await finishRun(at("teacher.yaml"), at("teacher"), { native, sets: [PAIRS, "train.epochs=2"] });
  await finishScore(folder, { native });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lines = smallData()
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split(","));
/** Rows of days 5 to 8: those that the store has. */
const scored = lines.filter((cells) => Number(cells[5]) >= 5 && Number(cells[5]) < 9);
const column = (i: number): string[] => scored.map((cells) => cells[i]!);
const numbers = (i: number): Int32Array => Int32Array.from(scored, (cells) => Number(cells[i]));

/** The rows in several record batches, some integers as text, with a column that no teacher knows. */
function table(): Table {
  const whole = tableFromArrays({
    note: column(5).map((day, i) => `${day}/${i}`),
    user: column(0),
    age: numbers(1),
    item: BigInt64Array.from(numbers(2), BigInt),
    topic: column(3),
    hour: column(4),
  });
  return new Table([0, 70, 71].flatMap((start, i, all) => whole.slice(start, all[i + 1]).batches));
}
const filter = (bytes: Uint8Array, ...args: readonly string[]) =>
  runCommand(["score", "--teacher", at("teacher"), "--stdin", "arrow", "--stdout", "arrow", ...args], () => {}, bytes);

describe("twinstill score --stdin arrow --stdout arrow", () => {
  it("puts the scores of the plain job behind each row's own columns, batch by batch", async () => {
    const { code, bytes, err, out } = await filter(tableToIPC(table(), "stream"));
    expect({ code, out }).toEqual({ code: 0, out: "" });
    expect(err).toMatch(/score: 200 rows in 3 batches, /);
    const result = tableFromIPC(bytes);
    expect(result.batches.map(({ numRows }) => numRows)).toEqual([70, 1, 129]);
    expect(result.schema.fields.map(({ name }) => name)).toEqual([
      ...table().schema.fields.map(({ name }) => name),
      "ctr",
      "cvr",
      "ctcvr",
    ]);
    expect([...result.getChild("note")!]).toEqual([...table().getChild("note")!]);
    for (const head of ["ctr", "cvr", "ctcvr"]) expect(result.getChild(head)!.toArray()).toEqual(await stored(head));
  });

  it("writes the heads that the configuration names", async () => {
    const { bytes } = await filter(
      tableToIPC(table(), "stream"),
      "--config",
      at("student.yaml"),
      "--set",
      "score.heads=[{ name: click, from: ctr, addLogQ: false }]",
    );
    expect(tableFromIPC(bytes).getChild("click")!.toArray()).toEqual(await stored("ctr"));
    const refused = await filter(
      tableToIPC(table(), "stream"),
      "--config",
      at("student.yaml"),
      "--set",
      "score.heads=[{ name: click, from: ctr }]",
    );
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("must go without addLogQ") });
  });

  it("gives a stream of no rows back with the columns of one", async () => {
    const { code, bytes } = await filter(tableToIPC(new Table(table().schema), "stream"));
    expect(code).toBe(0);
    const result = tableFromIPC(bytes);
    expect([result.numRows, result.schema.fields.at(-1)!.name]).toEqual([0, "ctcvr"]);
  });

  it("ends with exit code 3 and no end of its stream where its own is cut, anywhere", async () => {
    const whole = tableToIPC(table(), "stream");
    for (const length of [0, 3, 700, whole.length >> 1, whole.length - 8, whole.length - 1]) {
      const { code, bytes, err } = await filter(whole.subarray(0, length));
      expect(code, `${length} bytes: ${err}`).toBe(3);
      expect(err).toMatch(/twinstill: stdin: /);
      expect([...bytes.slice(-8)]).not.toEqual([255, 255, 255, 255, 0, 0, 0, 0]);
    }
  });

  const without = (name: string): Table =>
    table().select(
      table()
        .schema.fields.map((f) => f.name)
        .filter((n) => n !== name),
    );
  const withColumn = (name: string, values: readonly unknown[]): Table =>
    without(name).assign(new Table({ [name]: vectorFromArray(values as string[]) }));
  it.each([
    ["a column is missing", () => without("topic"), 'stdin: column "topic" must be there, got note, user'],
    [
      "a column has the wrong type",
      () =>
        withColumn(
          "user",
          column(0).map(() => 0.5),
        ),
      'stdin row 1: column "user" must hold text, integers or booleans, got 0.5',
    ],
    [
      "a value is missing",
      () =>
        withColumn(
          "age",
          column(1).map((age, i) => (i === 75 ? null : Number(age))),
        ),
      'stdin row 76: column "age" must have a value, got a missing one',
    ],
    ["a column has the name of a head", () => withColumn("ctr", column(0)), 'got "ctr" that is also a head'],
  ])("names the row or column where %s", async (_, make, message) => {
    const { code, err } = await filter(tableToIPC(make(), "stream"));
    expect(err).toContain(message);
    expect(code).toBe(3);
  });

  it("needs both ends, and no store", async () => {
    expect(await runCommand(["score", "--teacher", at("teacher"), "--stdin", "arrow"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("--stdin: must come with --stdout"),
    });
    expect(await filter(new Uint8Array(0), "--out", at("x"))).toMatchObject({
      code: 2,
      err: expect.stringContaining("must come without --data and --out"),
    });
    expect(await runCommand(["score", "--teacher", at("teacher"), "--config", at("student.yaml")])).toMatchObject({
      code: 2,
      err: expect.stringContaining("score: --data must be given"),
    });
  });
});

async function stored(head: string): Promise<Float32Array> {
  const found: number[] = [];
  for await (const { columns } of readShards(await openStore(at("store")), "rows"))
    found.push(...columns.scores[head]!);
  return Float32Array.from(found);
}
