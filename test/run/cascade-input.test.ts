import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDataset } from "../../src/data/open-dataset.ts";
import type { WriteColumn } from "../../src/data/write-column.ts";
import { writeParquet } from "../../src/data/write-parquet.ts";
import { ConfigError, DataError } from "../../src/errors.ts";
import { NO_ITEM } from "../../src/eval/index.ts";
import { type CascadeRunConfig, readCascadeConfig } from "../../src/run/cascade/cascade-config.ts";
import { collectExposures } from "../../src/run/cascade/exposures.ts";
import { makeListBatch, withLabels, withTutors } from "../../src/run/cascade/list-batches.ts";
import { bestOf } from "../../src/run/cascade/rank-lists.ts";
import { readLogged } from "../../src/run/cascade/space-lists.ts";
import { finishCascade, writeSmallCascade } from "./small-cascade.ts";

let folder: string;
let config: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-cascade-input-"));
  config = await writeSmallCascade(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const complaint = (...sets: readonly string[]): string => {
  try {
    readCascadeConfig(config, sets);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  return "no complaint";
};

describe("the configuration of a cascade", () => {
  it("is read with its defaults", () => {
    const { config: read } = readCascadeConfig(config);
    expect(read.spaces.pool).toMatchObject({
      from: 0,
      uniform: 8,
      refresh: { every: 1, unit: "phases" },
      stale: "error",
    });
    expect(read.round[1]!.terms[0]!.loss).toMatchObject({ alpha: 0.5, on: "probabilities", topK: 4 });
  });

  it.each([
    [
      "stages.1.passes=20",
      'stages.1.passes: must be at most what stage "recall" passes, 16: sizes fall along a cascade, got 20',
    ],
    [
      "stages.0.model={ kind: mlp }",
      'stages.0.model.kind: must be "dssm": the first stage searches the whole corpus, got "mlp"',
    ],
    ["stages.1.name=recall", 'stages.1.name: must be the name of one stage only, got "recall" again'],
    ["stages.1.name=terms", 'stages.1.name: must not be "terms"'],
    [
      "spaces.pool.stage=recal",
      'spaces.pool.stage: must be one of the stages, "recall", "pre-rank" or "rank", got "recal"; did you mean "recall"?',
    ],
    ["spaces.pool.refresh.every=0", "spaces.pool.refresh.every: "],
    [
      "spaces.pool={ kind: ranked, stage: pre-rank, to: 17 }",
      'spaces.pool.to: must be at most what stage "recall" passes, 16, got 17',
    ],
    ["spaces.pool={ kind: ranked, stage: recall, from: 4, to: 4 }", "spaces.pool.to: must be above from, 4, got 4"],
    ["round.1.terms.0.loss.alpha=1.5", "round.1.terms.0.loss.alpha: "],
    [
      "round.1.terms.0.loss.topK=16",
      'round.1.terms.0.loss.topK: must be below the length of the lists of "recalled", 16, got 16',
    ],
    [
      "round.1.terms.0.loss={ kind: relaxed-recall, selected: 16, relevant: 4 }",
      'round.1.terms.0.loss.selected: must be below the length of the lists of "recalled", 16, got 16',
    ],
    [
      "round.1.terms.0.loss={ kind: relaxed-recall, selected: 8, relevant: 40 }",
      'round.1.terms.0.loss.relevant: must be below the length of the lists of "recalled", 16, got 40',
    ],
    ["round.1.terms.0.loss={ kind: list-k }", 'did you mean "list-kl"?'],
    [
      "round.1.terms.0.tutor=pre-rank",
      'round.1.terms.0.tutor: must be another stage than the learner, got "pre-rank" twice',
    ],
    [
      "round.0.terms.0.tutor=rank",
      'round.0.terms.0.tutor: must go with a loss on a tutor\'s scores, got labels and "rank"',
    ],
    ["round.1.terms.0.loss={ kind: logit-mse }", "no complaint"],
    [
      "round.1.terms=[{ stage: pre-rank, space: recalled, loss: { kind: logit-mse } }]",
      "must name the stage that a logit-mse term learns from, got nothing",
    ],
    [
      "round.1.terms.0.space=recaled",
      'must be one of the spaces, "exposed", "pool" or "recalled", got "recaled"; did you mean "recalled"?',
    ],
    ["spaces.exposed={ kind: rows, batchSize: 8 }", "no complaint"],
    [
      "warmUp.0.terms.0.weight={ kind: uncertainty }",
      "warmUp.0.terms.0.weight: must be a number or a schedule here, got one that is learned",
    ],
    ["finish.0.name=self", 'finish.0.name: must be the name of one phase only, got "self" again'],
    [
      "start={ ranker: { run: x } }",
      'start.ranker: must be one of the stages, "recall", "pre-rank" or "rank", got "ranker"',
    ],
    [
      "round.1.rates={ rank: 0.1 }",
      'round.1.rates.rank: must be a stage that the phase trains, "pre-rank", got "rank"',
    ],
    [
      "round.1.terms.0.loss={ kind: cascade-ranking, relevant: 4 }",
      "round.1.terms.0.stage: must be several stages in their order for cascade-ranking, got pre-rank",
    ],
    [
      "round.1.terms.0.stage=[recall, pre-rank]",
      "round.1.terms.0.stage: must be one stage for tutor-learning, got recall, pre-rank",
    ],
  ])("%s: %s", (set, message) => {
    expect(complaint(set)).toContain(message);
  });

  it("complains of a list loss on rows without negatives", () => {
    const sets = [
      "spaces.exposed={ kind: rows, batchSize: 8 }",
      "round.1.terms=[{ stage: recall, space: exposed, tutor: rank, loss: { kind: list-kl } }]",
    ];
    expect(complaint(...sets)).toContain(
      'must hold lists for a list-kl term; give space "exposed" negatives, or take another',
    );
  });

  it("complains of no phase at all", () => {
    expect(complaint("warmUp=[]", "round=[]", "finish=[]")).toContain(
      "must have at least one phase in warmUp, round or finish",
    );
  });

  it("stops, or warns, where lists grow older than their period in a phase", async () => {
    const stale = (how: string): readonly string[] => [
      "warmUp=[]",
      "finish=[]",
      "rounds=1",
      "data.split={ by: expression, train: day < 2 }",
      `spaces.recalled={ kind: ranked, stage: recall, requests: 60, batchSize: 16, stale: ${how}, refresh: { every: 3, unit: steps } }`,
      "round=[{ name: one, terms: [{ stage: pre-rank, space: recalled, loss: { kind: labels } }], optimiser: { rate: 0.01 } }]",
    ];
    const message =
      'spaces.recalled: lists must be younger than 3 steps while phase "one" uses them, got 3 at its end; lengthen refresh, shorten the phase, or set stale: warning';
    await expect(finishCascade(config, join(folder, "stale"), { sets: stale("error") })).rejects.toThrow(message);
    const messages: string[] = [];
    const result = await finishCascade(config, join(folder, "warned"), {
      sets: stale("warning"),
      onNotice: (notice) => {
        if (notice.kind === "stale") messages.push(notice.message);
      },
    });
    expect(result.reason).toBe("done");
    expect(messages).toEqual([message]);
  });
});

interface Entry {
  readonly request: number;
  readonly user: number;
  readonly item: number;
  readonly stage: number;
  readonly rank: number;
}
const entry = (request: number, user: number, item: number, rank: number, stage = 1): Entry => ({
  request,
  user,
  item,
  stage,
  rank,
});

describe("a table of a cascade's stages", () => {
  async function read(entries: readonly Entry[], more = "") {
    const columns = (["request", "user", "item", "stage", "rank"] as const).map(
      (name): WriteColumn => ({ name, type: "int32", values: Int32Array.from(entries, (one) => one[name]) }),
    );
    await writeParquet(join(folder, "stages.parquet"), columns);
    const sets = [`spaces.logged={ kind: logged, file: stages.parquet, count: 2${more} }`];
    const { config: read } = readCascadeConfig(config, sets);
    const dataset = await openDataset(read.data, { baseDir: folder });
    return readLogged(read, folder, dataset);
  }
  const train = async (): Promise<string> => {
    const { config: read } = readCascadeConfig(config);
    const { users, parts } = await openDataset(read.data, { baseDir: folder });
    return users.ids[users.rowEntity[parts.train[0]!]!]!;
  };

  it("gives the items that requests reached, and says what is left out", async () => {
    const user = Number(await train());
    const logged = await read(
      [
        entry(1, user, 5, 1),
        entry(1, user, 7, 1, 2),
        entry(1, user, 9999, 2),
        entry(2, 777, 5, 1),
        entry(3, user, 6, 1, 2),
      ],
      ", reached: 1",
    );
    expect(logged.get("logged")).toMatchObject({ unknownUsers: 1, unknownItems: 1, offsets: Int32Array.of(0, 2, 3) });
    const deep = await read([entry(1, user, 5, 1), entry(1, user, 7, 1, 2)], ", reached: 2");
    expect(deep.get("logged")!.items).toHaveLength(1);
  });

  it.each([
    [
      [entry(1, 0, 5, 1), entry(1, 0, 6, 1)],
      "ranks must not repeat in a stage of a request, got rank 1 twice in stage 1 in request 1",
    ],
    [
      [entry(1, 0, 5, 1), entry(2, 0, 5, 1), entry(1, 0, 6, 2)],
      "rows of a request must stand together, got rows of others between them in request 1",
    ],
    [[entry(1, 0, 5, 1), entry(1, 2, 6, 2)], 'a request must have one user, got "2" as a second one in request 1'],
    [[entry(1, 0, 5, 1, 0)], "table must hold items that reached stage 1, got none of 1 rows"],
    [[entry(1, 777, 5, 1)], "table must hold a request of a user with training rows, got 1 of others"],
  ])("%j: %s", async (entries, message) => {
    const failed = read(entries, ", reached: 1");
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toBeInstanceOf(DataError);
  });

  it("refuses a user without candidates", async () => {
    const user = await train();
    await expect(read([entry(1, Number(user), 9999, 1)])).rejects.toThrow(
      `spaces.logged: a request must have a candidate that the data have, got none of 1 items of user "${user}", such as "9999"`,
    );
  });
});

describe("lists", () => {
  const lists = (values: readonly number[], length: number) => ({
    rows: Int32Array.from({ length: values.length / length }, (_, i) => i),
    length,
    items: Int32Array.from(values),
  });

  it("keep the best, equal scores in the order of the list, padding last", () => {
    const scores = Float32Array.of(1, 3, 3, Number.NEGATIVE_INFINITY, 0, 1, 2, 5);
    expect([...bestOf(lists([10, 11, 12, NO_ITEM, 20, 21, 22, 23], 4), scores, 3).items]).toEqual([
      11, 12, 10, 23, 22, 21,
    ]);
    expect([...bestOf(lists([10, NO_ITEM], 2), Float32Array.of(1, Number.NEGATIVE_INFINITY), 2).items]).toEqual([
      10,
      NO_ITEM,
    ]);
  });

  it("are never mixed: whatever the order of an epoch, a batch's row holds one list with its own user, labels and scores", async () => {
    const read = readCascadeConfig(config).config;
    const dataset = await openDataset(read.data, { baseDir: folder });
    const exposures = collectExposures(dataset, read.labels as CascadeRunConfig["labels"]);
    const rows = dataset.parts.train.slice(0, 5);
    const items = Int32Array.from({ length: 15 }, (_, i) => (i === 14 ? NO_ITEM : (i * 7) % dataset.items.size));
    const scores = Float32Array.from({ length: 15 }, (_, i) => i + 1);
    const labelled = withTutors(withLabels(dataset, exposures, read.labels, { rows, length: 3, items }), [
      ["rank", scores],
    ]);
    const order = Int32Array.of(3, 0, 4, 2, 1);
    for (const index of [0, 1]) {
      const batch = makeListBatch(dataset, labelled, order, { index, size: 3 });
      for (let i = 0; i < 3; i++) {
        const list = order[index * 3 + i];
        expect(batch.weight!.data[i]).toBe(list === undefined ? 0 : 1);
        if (list === undefined) continue;
        const user = dataset.columns.get("user")!;
        expect(batch["user/user"]!.data[i]).toBe(user.data[rows[list]!]);
        expect([...batch["tutor/rank"]!.data.slice(i * 3, i * 3 + 3)]).toEqual([
          ...scores.slice(list * 3, list * 3 + 3),
        ]);
        const ids = dataset.items.features.get("item")!;
        for (let place = 0; place < 3; place++) {
          const item = items[list * 3 + place]!;
          expect(batch.mask!.data[i * 3 + place]).toBe(item === NO_ITEM ? 0 : 1);
          if (item !== NO_ITEM) expect(batch["item/item"]!.data[i * 3 + place]).toBe(ids.data[item]);
        }
      }
    }
  });

  it("carry labels of pairs that were exposed in training, and 0 elsewhere", async () => {
    const read = readCascadeConfig(config).config;
    const dataset = await openDataset(read.data, { baseDir: folder });
    const exposures = collectExposures(dataset, read.labels);
    const row = dataset.parts.train[0]!;
    const items = Int32Array.from({ length: dataset.items.size }, (_, i) => i);
    const { values } = withLabels(dataset, exposures, read.labels, {
      rows: Int32Array.of(row),
      length: items.length,
      items,
    });
    const user = dataset.users.rowEntity[row]!;
    const own = [...dataset.parts.train].filter((r) => dataset.users.rowEntity[r] === user);
    for (const [item, exposed] of values.exposed!.entries()) {
      const shown = own.filter((r) => dataset.items.rowEntity[r] === item);
      expect(exposed).toBe(shown.length > 0 ? 1 : 0);
      const label = (name: string): number => (shown.some((r) => dataset.labels.get(name)![r] === 1) ? 1 : 0);
      expect(values["label/click"]![item]).toBe(label("click"));
      expect(values["label/conversion"]![item]).toBe(label("conversion"));
    }
    expect(values.exposed!.reduce((a, b) => a + b, 0)).toBeGreaterThan(0);
  });
});

describe("a run folder of a cascade", () => {
  it("is as new again where the run could not begin", async () => {
    const out = join(folder, "begun");
    for (let attempt = 0; attempt < 2; attempt++)
      await expect(finishCascade(config, out, { sets: ["start={ recall: { run: nowhere } }"] })).rejects.toThrow(
        "start.recall.run: run must have a checkpoint, got none in",
      );
    expect(readdirSync(out)).toEqual([]);
  });

  it("is not taken for another kind of run", async () => {
    writeFileSync(join(folder, "empty.yaml"), "extends: cascade.yaml\n");
    await expect(finishCascade(config, folder)).rejects.toThrow("folder must be new");
  });
});
