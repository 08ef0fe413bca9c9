import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NativeEngine } from "../../src/engine/native.ts";
import type { CascadeNotice } from "../../src/run/cascade/execute-cascade.ts";
import { openCascade } from "../../src/run/cascade/open-cascade.ts";
import type { ItemLists } from "../../src/run/cascade/score-pairs.ts";
import { readSafetensors } from "../../src/run/formats/safetensors-read.ts";
import { finishCascade, writeSmallCascade } from "./small-cascade.ts";
import { nativeEngine } from "./small-run.ts";

let native: NativeEngine | undefined;
let folder: string;
let config: string;
const seen: CascadeNotice[] = [];

beforeAll(async () => {
  native = await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-cascade-"));
  config = await writeSmallCascade(folder);
  await finishCascade(config, out("whole"), { native, onNotice: (notice) => void seen.push(notice) });
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const out = (name: string): string => join(folder, name);
const weightsFile = (run: string): string => {
  const step = readFileSync(join(run, "checkpoints", "latest"), "utf8").trim();
  return join(run, "checkpoints", step, "model.safetensors");
};
/** Bytes of a stage's tensors. */
async function stageBytes(run: string, stage: string): Promise<Readonly<Record<string, string>>> {
  const { tensors } = await readSafetensors(weightsFile(run));
  const own = [...tensors].filter(([name]) => name.startsWith(`${stage}/`));
  expect(own.length).toBeGreaterThan(0);
  return Object.fromEntries(
    own.map(([name, data]) => [name, Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64")]),
  );
}
const run = (name: string, sets: readonly string[], more = {}) =>
  finishCascade(config, out(name), { native, sets, ...more });
const START = (from: string): readonly string[] =>
  ["recall", "pre-rank", "rank"].map((stage) => `start.${stage}={ run: ${out(from)} }`);
/** One phase of few steps, op by op, on the training part alone: quick. */
const ONE_PHASE = ["warmUp=[]", "finish=[]", "rounds=1", "data.split={ by: expression, train: day < 2 }"];
const short = (name: string, sets: readonly string[]) =>
  run(name, [...ONE_PHASE, ...sets, ...START("whole")], { native: undefined });

describe("a cascade's run", () => {
  it("goes through the phases in order and measures every stage", async () => {
    const phases = seen.flatMap((event) => (event.kind === "phase" ? [`${event.round}/${event.phase}`] : []));
    const round = ["self", "tutor-pre-rank", "tutor-recall"];
    expect(phases).toEqual(["0/warm", ...round.map((p) => `1/${p}`), ...round.map((p) => `2/${p}`), "2/last-self"]);
    const result = JSON.parse(readFileSync(join(out("whole"), "result.json"), "utf8"));
    expect(Object.keys(result.test)).toEqual(["recall", "pre-rank", "rank", "cascade"]);
    expect(result.test.recall["recall@16"]).toBeGreaterThan(16 / 60);
  });

  it("builds lists anew from the models of the moment", () => {
    const lists = seen.flatMap((event) => (event.kind === "lists" && event.space === "pool" ? [event] : []));
    expect(lists.map(({ phase, round }) => `${round}/${phase}`)).toEqual([
      "1/self",
      "1/tutor-recall",
      "2/self",
      "2/tutor-recall",
      "2/last-self",
    ]);
    // 16 ranked items and 8 drawn ones: the drawn ones alone change about a third.
    const afterTutor = lists[2]!;
    expect(afterTutor.changedShare).toBeGreaterThan(0);
    const ranked = ({ items, length, rows }: ItemLists): Map<number, string> =>
      new Map(Array.from(rows, (row, i) => [row, [...items.subarray(i * length, i * length + 16)].sort().join()]));
    const [before, after] = [ranked(lists[1]!.lists.lists), ranked(afterTutor.lists.lists)];
    const both = [...after].filter(([row]) => before.has(row));
    expect(both.length).toBeGreaterThan(2);
    expect(both.some(([row, items]) => before.get(row) !== items)).toBe(true);
  });

  it("logs every phase with the seconds of its parts and the age of its lists", () => {
    const lines = readFileSync(join(out("whole"), "phases.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((l) => JSON.parse(l));
    expect(lines).toHaveLength(8);
    const tutor = lines[3];
    expect(tutor).toMatchObject({ phase: "tutor-recall", round: 1, steps: 12 });
    expect(Object.keys(tutor.lists)).toEqual(["pool"]);
    expect(tutor.lists.pool.builtAtStep).toBe(tutor.step - 12);
    for (const part of ["seconds", "tutorSeconds", "stepSeconds", "waitSeconds"])
      expect(tutor[part]).toBeGreaterThan(0);
    expect(tutor.seconds).toBeGreaterThan(tutor.tutorSeconds + tutor.stepSeconds + tutor.lists.pool.seconds);
  });

  it("picks the round by the validation part and measures the test part once", async () => {
    const events: CascadeNotice[] = [];
    await run("picked", ["evaluate.monitor=cascade/recall@4"], { onNotice: (n: CascadeNotice) => void events.push(n) });
    const evaluations = events.flatMap((event) => (event.kind === "evaluation" ? [event] : []));
    expect(evaluations.map(({ part }) => part)).toEqual([
      "validation",
      "validation",
      "validation",
      "validation",
      "test",
    ]);
    const values = evaluations.slice(0, 4).map(({ evaluation }) => evaluation.cascade!["recall@4"]!);
    const bestAt = values.indexOf(Math.max(...values));
    expect(
      evaluations
        .slice(0, 4)
        .map(({ best }) => best)
        .lastIndexOf(true),
    ).toBe(bestAt);
    const opened = await openCascade(out("picked"), { native });
    opened.program.close();
    const ended = events.flatMap((event) => (event.kind === "evaluation" && event.best ? [event.state.step] : []));
    expect(opened.checkpoint).toContain(String(ended.at(-1)).padStart(8, "0"));
  });
});

describe("tutor-learning", () => {
  const tutor = (loss: string): string =>
    `round=[{ name: tutor, terms: [{ stage: pre-rank, space: recalled, tutor: rank, loss: ${loss} }], optimiser: { rate: 0.01 } }]`;
  const TUTOR = tutor("{ kind: tutor-learning, topK: 4, alpha: 0.5 }");

  it("moves the pupil alone: the tutor's weights keep their bytes", async () => {
    await short("tutored", [TUTOR]);
    expect(await stageBytes(out("tutored"), "rank")).toEqual(await stageBytes(out("whole"), "rank"));
    expect(await stageBytes(out("tutored"), "recall")).toEqual(await stageBytes(out("whole"), "recall"));
    expect(await stageBytes(out("tutored"), "pre-rank")).not.toEqual(await stageBytes(out("whole"), "pre-rank"));
  });

  it("reads no label: swapping them changes nothing", async () => {
    const swapped = ["data.labels={ click: 1 - click, conversion: (1 - click) * (1 - conversion) }"];
    await short("swapped", [TUTOR, ...swapped]);
    expect(await stageBytes(out("swapped"), "pre-rank")).toEqual(await stageBytes(out("tutored"), "pre-rank"));
    await short("labels", [tutorOff()]);
    await short("labels-swapped", [tutorOff(), ...swapped]);
    expect(await stageBytes(out("labels-swapped"), "pre-rank")).not.toEqual(
      await stageBytes(out("labels"), "pre-rank"),
    );
  });
  const tutorOff = (): string =>
    "round=[{ name: tutor, terms: [{ stage: pre-rank, space: recalled, loss: { kind: labels } }], optimiser: { rate: 0.01 } }]";

  it("moves a tutor that learns in the same phase by its own terms alone", async () => {
    const joint = (kl: string) =>
      `round=[{ name: joint, terms: [{ stage: rank, space: exposed, loss: { kind: labels } }${kl}], optimiser: { rate: 0.01 } }]`;
    await short("with-pupil", [
      joint(", { stage: recall, space: exposed, tutor: rank, loss: { kind: bernoulli-kl } }"),
    ]);
    await short("alone", [joint("")]);
    expect(await stageBytes(out("with-pupil"), "rank")).toEqual(await stageBytes(out("alone"), "rank"));
    expect(await stageBytes(out("with-pupil"), "recall")).not.toEqual(await stageBytes(out("alone"), "recall"));
  });

  it("learns the balance of adaptive ranking beside the stage", async () => {
    const loss = "{ kind: adaptive-ranking, selected: 8, relevant: 4, temperature: 0.05 }";
    await short("adaptive", [tutor(loss)]);
    const { tensors } = await readSafetensors(weightsFile(out("adaptive")));
    const alpha = [...tensors].filter(([name]) => name.startsWith("terms/"));
    expect(alpha.map(([name]) => name)).toEqual(["terms/tutor/pre-rank/adaptive-ranking/recalled/from-rank/alpha"]);
    expect(alpha[0]![1][0]).not.toBe(1);
  });
});

describe("several stages as one", () => {
  it("learn together from the ranker, with a balance each", async () => {
    const loss = "{ kind: cascade-ranking, relevant: 4 }";
    await short("lcron", [
      `round=[{ name: lcron, terms: [{ stage: [recall, pre-rank], space: pool, tutor: rank, loss: ${loss} }], optimiser: { rate: 0.01 } }]`,
    ]);
    for (const stage of ["recall", "pre-rank"])
      expect(await stageBytes(out("lcron"), stage)).not.toEqual(await stageBytes(out("whole"), stage));
    expect(await stageBytes(out("lcron"), "rank")).toEqual(await stageBytes(out("whole"), "rank"));
    const { tensors } = await readSafetensors(weightsFile(out("lcron")));
    const prefix = "terms/lcron/recall+pre-rank/cascade-ranking/pool/from-rank";
    for (const stage of ["recall", "pre-rank"]) expect(tensors.get(`${prefix}/${stage}/alpha`)![0]).not.toBe(1);
  });
});

describe("unexposed items", () => {
  const self = (unexposed: string): string =>
    `round=[{ name: self, terms: [{ stage: pre-rank, space: recalled, loss: { kind: labels, unexposed: ${unexposed} } }], optimiser: { rate: 0.01 } }]`;

  it("weigh 1, nothing, a number or their propensity", async () => {
    const bytes: string[] = [];
    for (const [i, weight] of ["zero", "left-out", "propensity", "0.3", "1", "0"].entries()) {
      await short(`weight-${i}`, [self(weight)]);
      bytes.push(JSON.stringify(await stageBytes(out(`weight-${i}`), "pre-rank")));
    }
    const [zero, leftOut, propensity, third, one, none] = bytes;
    expect(new Set([zero, leftOut, propensity, third]).size).toBe(4);
    expect(one).toBe(zero);
    expect(none).toBe(leftOut);
  });
});

describe("a cascade that is stopped and resumed", () => {
  const total = (): number => seen.filter((event) => event.kind === "step").length;

  it.each([5, 23, 40])("after step %i equals the unbroken run bit for bit", async (after) => {
    expect(after).toBeLessThan(total());
    const name = `stopped-${after}`;
    const stop = new AbortController();
    const first = await run(name, [], {
      signal: stop.signal,
      onNotice: (event: CascadeNotice) => {
        if (event.kind === "step" && event.state.step === after) stop.abort();
      },
    });
    expect(first).toMatchObject({ reason: "interrupted", steps: after, test: undefined });
    expect(existsSync(join(out(name), "result.json"))).toBe(false);
    const second = await run(name, [], { resume: true });
    const whole = JSON.parse(readFileSync(join(out("whole"), "result.json"), "utf8"));
    expect(second.steps).toBe(whole.steps);
    expect(JSON.parse(JSON.stringify(second.test))).toEqual(whole.test);
    for (const file of ["model.safetensors", "optimizer.safetensors"]) {
      const path = weightsFile(out(name)).replace("model.safetensors", file);
      const unbroken = weightsFile(out("whole")).replace("model.safetensors", file);
      expect(readFileSync(path).equals(readFileSync(unbroken))).toBe(true);
    }
    const numbers = (of: string): unknown[] =>
      readFileSync(join(out(of), "metrics.jsonl"), "utf8")
        .trim()
        .split("\n")
        .map((line) => ({ ...JSON.parse(line), rowsPerSecond: 0, dataWaitShare: 0 }));
    expect(numbers(name)).toEqual(numbers("whole"));
  });
});
