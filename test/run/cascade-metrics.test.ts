import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evaluateCascade } from "../../src/run/cascade/evaluate-cascade.ts";
import { type OpenedCascade, openCascade } from "../../src/run/cascade/open-cascade.ts";
import { scoreLists } from "../../src/run/cascade/score-pairs.ts";
import { truthMetrics } from "../../src/run/cascade/truth-metrics.ts";
import { truthOf } from "../../src/simulate/truth.ts";
import { createWorld } from "../../src/simulate/world.ts";
import { finishCascade, WORLD, writeSmallCascade } from "./small-cascade.ts";

let folder: string;
let opened: OpenedCascade;
/** Logit of every stage for every user's first training row with every item, and that row. */
let users: { readonly user: number; readonly row: number; readonly scores: Readonly<Record<string, Float32Array>> }[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-cascade-metrics-"));
  const config = await writeSmallCascade(folder);
  await finishCascade(config, join(folder, "run"), { sets: ["rounds=0", "finish=[]"] });
  opened = await openCascade(join(folder, "run"));
  const { program, dataset, config: read } = opened;
  const rowOf = new Map<number, number>();
  for (const row of dataset.parts.train) {
    const user = dataset.users.rowEntity[row]!;
    if (!rowOf.has(user)) rowOf.set(user, row);
  }
  const items = Int32Array.from({ length: dataset.items.size }, (_, i) => i);
  users = [...rowOf].map(([user, row]) => {
    const lists = { rows: Int32Array.of(row), length: items.length, items };
    const scores = read.stages.map(({ name }) => [name, scoreLists(program, dataset, name, lists)] as const);
    return { user, row, scores: Object.fromEntries(scores) };
  });
}, 180_000);
afterAll(() => {
  opened.program.close();
  rmSync(folder, { recursive: true, force: true });
});

type Scores = Readonly<Record<string, Float32Array>>;
const best = (items: readonly number[], by: (item: number) => number, k: number): number[] =>
  [...items].sort((a, b) => by(b) - by(a)).slice(0, k);
const corpus = (): number[] => Array.from({ length: opened.dataset.items.size }, (_, i) => i);
/** What each stage hands on. */
function passed(scores: Scores): Readonly<Record<string, number[]>> {
  const recall = best(corpus(), (i) => scores.recall![i]!, 16);
  const preRank = best(recall, (i) => scores["pre-rank"]![i]!, 8);
  return { recall, "pre-rank": preRank, rank: best(preRank, (i) => scores.rank![i]!, 4) };
}
const share = (wanted: readonly number[], found: readonly number[]): number =>
  wanted.filter((item) => found.includes(item)).length / wanted.length;
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe("evaluateCascade", () => {
  it("equals the same from all scores, sorted by hand", async () => {
    const { program, dataset, config } = opened;
    const all = { ...config, evaluate: { ...config.evaluate, users: 1000 } };
    const measured = await evaluateCascade(program, dataset, all, "test");
    const clicked = (user: number): number[] => [
      ...new Set(
        [...dataset.parts.test!]
          .filter((row) => dataset.users.rowEntity[row] === user && dataset.labels.get("click")![row] === 1)
          .map((row) => dataset.items.rowEntity[row]!),
      ),
    ];
    const inTest = users.filter(({ user }) =>
      [...dataset.parts.test!].some((r) => dataset.users.rowEntity[r] === user),
    );
    const relevant = inTest.filter(({ user }) => clicked(user).length > 0);
    expect(relevant.length).toBeGreaterThan(10);
    for (const [stage, m] of [
      ["recall", 16],
      ["pre-rank", 8],
      ["rank", 4],
    ] as const)
      expect(measured[stage]![`recall@${m}`]).toBeCloseTo(
        mean(relevant.map(({ user, scores }) => share(clicked(user), passed(scores)[stage]!))),
        6,
      );
    expect(measured.cascade!["recall@4"]).toBe(measured.rank!["recall@4"]);

    // Agreement with the ranker: on what the stage gets; for the first one on twice what it passes.
    const gets = (stage: string, scores: Scores): number[] =>
      stage === "recall" ? best(corpus(), (i) => scores.recall![i]!, 32) : passed(scores).recall!;
    for (const [stage, m] of [
      ["recall", 16],
      ["pre-rank", 8],
    ] as const) {
      const values = inTest.map(({ scores }) => {
        const candidates = gets(stage, scores);
        return share(
          best(candidates, (i) => scores.rank![i]!, 4),
          best(candidates, (i) => scores[stage]![i]!, m),
        );
      });
      expect(measured[stage]![`recall@${m}@4`]).toBeCloseTo(mean(values), 6);
      const pairs = inTest.map(({ scores }) => {
        const candidates = gets(stage, scores);
        const signs = candidates.flatMap((a) =>
          candidates.map((b) =>
            [scores[stage]![a]! - scores[stage]![b]!, scores.rank![a]! - scores.rank![b]!].map(Math.sign),
          ),
        );
        const agreement = signs.reduce((sum, [own, ranker]) => sum + own! * ranker!, 0);
        const [own, ranker] = [0, 1].map((i) => signs.filter((sign) => sign[i] !== 0).length) as [number, number];
        return { tau: agreement / Math.sqrt(own * ranker), opa: (1 + agreement / ranker) / 2 };
      });
      expect(measured[stage]!["kendall-tau"]).toBeCloseTo(mean(pairs.map(({ tau }) => tau)), 6);
      expect(measured[stage]!.opa).toBeCloseTo(mean(pairs.map(({ opa }) => opa)), 6);
    }
  });
});

describe("truthMetrics", () => {
  it("equals the same from all scores and the true probabilities, sorted by hand", async () => {
    const { program, dataset, config } = opened;
    const world = createWorld(WORLD);
    const measured = await truthMetrics(program, dataset, config, world, { users: 1000, seed: 1 });
    const number = (item: number): number => Number(dataset.items.ids[item]);
    const truth = (user: number, item: number) => truthOf(world, Number(dataset.users.ids[user]), number(item));
    const sum = (user: number, items: readonly number[], what: "ctr" | "ctcvr" = "ctcvr"): number =>
      items.reduce((total, item) => total + truth(user, item)[what], 0);
    const over = (measure: (user: number, scores: Scores) => number): number =>
      mean(users.map(({ user, scores }) => measure(user, scores)));
    const top = (user: number, what: "ctr" | "ctcvr"): number[] => best(corpus(), (i) => truth(user, i)[what], 20);
    expect(measured.recall).toBeCloseTo(
      over((user, scores) => share(top(user, "ctcvr"), passed(scores).recall!)),
      6,
    );
    expect(measured["recall/click"]).toBeCloseTo(
      over((user, scores) => share(top(user, "ctr"), passed(scores).recall!)),
      6,
    );
    const withCold = users.flatMap(({ user, scores }) => {
      const cold = top(user, "ctcvr").filter((item) => world.items.cold[number(item)] === 1);
      return cold.length === 0 ? [] : [share(cold, passed(scores).recall!)];
    });
    expect(withCold.length).toBeGreaterThan(5);
    expect(measured["recall/cold"]).toBeCloseTo(mean(withCold), 6);
    const ideal = (user: number, items: readonly number[]): number[] => best(items, (i) => truth(user, i).ctcvr, 4);
    expect(measured.best).toBeCloseTo(
      over((user, scores) => sum(user, ideal(user, passed(scores).recall!))),
      5,
    );
    const direct = (scores: Scores): number[] => best(passed(scores).recall!, (i) => scores.rank![i]!, 4);
    expect(measured.direct).toBeCloseTo(
      over((user, scores) => sum(user, direct(scores))),
      5,
    );
    expect(measured.conversions).toBeCloseTo(
      over((user, scores) => sum(user, passed(scores).rank!)),
      5,
    );
    expect(measured.clicks).toBeCloseTo(
      over((user, scores) => sum(user, passed(scores).rank!, "ctr")),
      5,
    );
    const pre = (scores: Scores): number[] => passed(scores)["pre-rank"]!;
    expect(measured["pre-rank/kept"]).toBeCloseTo(
      over((user, scores) => share(ideal(user, passed(scores).recall!), pre(scores))),
      6,
    );
    expect(measured["pre-rank/kept-ranker"]).toBeCloseTo(
      over((_, scores) => share(direct(scores), pre(scores))),
      6,
    );
  });
});
