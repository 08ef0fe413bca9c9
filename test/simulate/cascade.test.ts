import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { afterAll, describe, expect, it } from "vitest";
import { parseDataConfig } from "../../src/data/config.ts";
import { openDataset } from "../../src/data/open-dataset.ts";
import { randomStream } from "../../src/random.ts";
import { type CascadeConfig, cascadeConfig } from "../../src/simulate/cascade-config.ts";
import { cascadeLog } from "../../src/simulate/cascade-log.ts";
import { poisson, weightedDraw } from "../../src/simulate/draw.ts";
import { trueTop, truthOf, truthOfUser } from "../../src/simulate/truth.ts";
import { createWorld } from "../../src/simulate/world.ts";
import { writeCascade } from "../../src/simulate/write-cascade.ts";

const folder = mkdtempSync(join(tmpdir(), "twinstill-cascade-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const config = (changes: Partial<CascadeConfig> = {}): CascadeConfig => ({
  ...cascadeConfig.parse({ users: 800, items: 600, requests: 3000, seed: 11 }),
  ...changes,
});
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe("the simulated cascade", () => {
  const world = createWorld(config());
  const log = [...cascadeLog(world)];

  it("is the same for the same seed, request by request, and another for another seed", () => {
    const again = [...cascadeLog(createWorld(config()), 1500, 1510)];
    expect(again).toEqual(log.slice(1500, 1510));
    expect([...cascadeLog(createWorld(config({ seed: 12 })), 0, 5)]).not.toEqual(log.slice(0, 5));
  });

  it("passes each stage's items on from the one before, without repetition, and never a cold one", () => {
    for (const { recalled, preRanked, exposed } of log) {
      expect([recalled.length, preRanked.length, exposed.length]).toEqual([200, 60, 10]);
      const all = new Set(recalled);
      expect(all.size).toBe(200);
      for (const item of preRanked) expect(all.has(item)).toBe(true);
      for (const item of exposed) expect(preRanked.includes(item)).toBe(true);
      for (const item of recalled) expect(world.items.cold[item]).toBe(0);
    }
    expect(mean([...world.items.cold])).toBeGreaterThan(0.1);
  });

  it("shows what selection does: each stage's true click rate is higher than the one's before", () => {
    const rate = (stage: "recalled" | "preRanked" | "exposed"): number =>
      mean(
        log
          .slice(0, 400)
          .map((request) => mean(Array.from(request[stage], (item) => truthOf(world, request.user, item).ctr))),
      );
    const all = mean(Array.from({ length: 100 }, (_, user) => mean([...truthOfUser(world, user, "ctr")])));
    const rates = [all, rate("recalled"), rate("preRanked"), rate("exposed")];
    expect(rates).toEqual([...rates].sort((a, b) => a - b));
    expect(rates[3]! / rates[0]!).toBeGreaterThan(3);
  });

  it("has none of it under the uniform policy", () => {
    const uniform = createWorld(config({ policy: "uniform" }));
    const requests = [...cascadeLog(uniform, 0, 1500)];
    const of = (stage: "recalled" | "exposed"): number =>
      mean(
        requests.map((request) => mean(Array.from(request[stage], (item) => truthOf(uniform, request.user, item).ctr))),
      );
    expect(of("exposed") / of("recalled")).toBeGreaterThan(0.9);
    expect(of("exposed") / of("recalled")).toBeLessThan(1.1);
  });

  it("draws clicks and conversions with the true probabilities, conversions only after clicks", () => {
    const groups = new Map<number, { expected: number; seen: number; rows: number }>();
    for (const { user, exposed, clicks, conversions } of log) {
      for (const [place, item] of exposed.entries()) {
        expect(conversions[place]! <= clicks[place]!).toBe(true);
        const { ctr } = truthOf(world, user, item);
        const group = groups.get(Math.floor(ctr * 5)) ?? { expected: 0, seen: 0, rows: 0 };
        groups.set(Math.floor(ctr * 5), {
          expected: group.expected + ctr,
          seen: group.seen + clicks[place]!,
          rows: group.rows + 1,
        });
      }
    }
    for (const { expected, seen, rows } of groups.values())
      expect(Math.abs(seen - expected)).toBeLessThan(4 * Math.sqrt(rows * 0.25));
  });

  it("ranks the truth by pCTCVR, cold items among it", () => {
    const values = truthOfUser(world, 3);
    const top = trueTop(world, 3, 20);
    const worst = Math.min(...top.map((item) => values[item]!));
    expect([...values].filter((value) => value > worst)).toHaveLength(19);
    expect(
      Array.from({ length: 100 }, (_, user) => trueTop(world, user, 20))
        .flat()
        .some((item) => world.items.cold[item] === 1),
    ).toBe(true);
  });

  it("writes files that the data room reads: exposed rows, and a corpus with items that no row has", async () => {
    const out = join(folder, "out");
    const report = await writeCascade(config(), out);
    const columns = {
      user: { role: "user", kind: "id" },
      age: { role: "user", kind: "categorical" },
      item: { role: "item", kind: "id" },
      category: { role: "item", kind: "categorical" },
      price: { role: "item", kind: "categorical" },
      attractiveness: { role: "item", kind: "categorical" },
      quality: { role: "item", kind: "categorical" },
      day: { role: "time" },
      click: { role: "label" },
      conversion: { role: "label" },
    };
    const data = parseDataConfig({
      source: "rows.parquet",
      items: "items.parquet",
      columns,
      labels: { click: "click", both: "click and conversion" },
      implies: { both: "click" },
      split: { by: "expression", train: "day < 5", test: "day == 5" },
    } as never);
    const dataset = await openDataset(data, { baseDir: out });
    expect(dataset.rows).toBe(report.rows);
    expect(dataset.items.size).toBe(600);
    const unseen = Array.from({ length: 600 }, (_, i) => i).filter((i) => dataset.items.trainCount[i] === 0);
    expect(unseen.length).toBeGreaterThanOrEqual(report.itemsNeverExposed);
    const items = await parquetReadObjects({ file: await asyncBufferFromFile(join(out, "items.parquet")) });
    for (const place of unseen.slice(-5)) {
      const id = Number(dataset.items.ids[place]);
      const like = dataset.items.ids.findIndex(
        (other, i) => i !== place && items[Number(other)]!.category === items[id]!.category,
      );
      expect(dataset.items.features.get("category")!.data[place]).toBe(
        dataset.items.features.get("category")!.data[like],
      );
    }
    expect(JSON.parse(readFileSync(join(out, "cascade.json"), "utf8"))).toEqual(config());
    const stages = await parquetReadObjects({
      file: await asyncBufferFromFile(join(out, "stages.parquet")),
      rowStart: 0,
      rowEnd: 200,
    });
    expect(
      stages
        .filter(({ stage }) => stage === 3)
        .map(({ item }) => item)
        .sort(),
    ).toEqual([...log[0]!.exposed].sort());
  });
});

describe("draws", () => {
  it("follow their weights", () => {
    const weights = [5, 0, 1, 2.5];
    const draw = weightedDraw(weights);
    const stream = randomStream(3, "alias");
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 40_000; i++) counts[draw.draw(stream)]! += 1;
    for (const [i, weight] of weights.entries())
      expect(Math.abs(counts[i]! / 40_000 - weight / 8.5)).toBeLessThan(0.012);
    expect(counts[1]).toBe(0);
  });

  it.each([0.3, 4, 75])("of Poisson numbers have mean and variance %f", (lambda) => {
    const stream = randomStream(5, "poisson", String(lambda));
    const values = Array.from({ length: 20_000 }, () => poisson(stream, lambda));
    expect(mean(values) / lambda).toBeCloseTo(1, 1);
    const centre = mean(values);
    expect(mean(values.map((value) => (value - centre) ** 2)) / lambda).toBeCloseTo(1, 1);
  });
});
