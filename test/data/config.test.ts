import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type DataConfigInput, dataConfig, parseDataConfig } from "../../src/data/config.ts";
import { ConfigError } from "../../src/errors.ts";

const minimal = {
  source: "rows.csv",
  columns: { u: { role: "user", kind: "id" }, i: { role: "item", kind: "id" }, y: { role: "label" } },
  labels: { click: "y == 1" },
} satisfies DataConfigInput;

const withColumn = (column: object) => ({ ...minimal, columns: { ...minimal.columns, c: column } });

describe("parseDataConfig", () => {
  it("fills in the defaults", () => {
    const config = parseDataConfig({
      ...withColumn({ role: "user", kind: "multi", maxLength: 3 }),
      labels: { click: 1 },
      split: { by: "ratio", train: 0.9, test: 0.1 },
    });
    expect(config).toEqual({
      source: "rows.csv",
      format: "auto",
      columns: {
        u: { role: "user", kind: "id", missing: "error" },
        i: { role: "item", kind: "id", missing: "error" },
        y: { role: "label", missing: "error" },
        c: { role: "user", kind: "multi", maxLength: 3, separator: "|", keep: "first", missing: "error" },
      },
      labels: { click: "1" },
      implies: {},
      pairs: {},
      split: { by: "ratio", group: "user", order: "random", train: 0.9, validation: 0, test: 0.1, seed: 0 },
    });
  });

  it("takes its own result, so that a resolved config can be read again", () => {
    const once = parseDataConfig(withColumn({ role: "item", kind: "numeric", buckets: [1, 2] }));
    expect(parseDataConfig(JSON.parse(JSON.stringify(once)))).toEqual(once);
  });

  it("has a description for every field that an editor shows", () => {
    const schema = JSON.stringify(z.toJSONSchema(dataConfig, { io: "input" }));
    for (const name of ["source", "format", "columns", "labels", "implies", "split", "minCount", "maxLength"]) {
      expect(schema).toMatch(new RegExp(`"${name}":\\{[^{}]*(\\{[^{}]*\\}[^{}]*)*`));
    }
    const { properties } = z.toJSONSchema(dataConfig, { io: "input" });
    for (const [name, field] of Object.entries(properties ?? {})) {
      expect((field as { description?: string }).description, name).toMatch(/\w{3}/);
    }
  });

  it.each([
    ["an unknown key", { ...minimal, lables: {} }, 'data: unknown key "lables"; did you mean "labels"?'],
    [
      "an unknown role",
      withColumn({ role: "usr", kind: "id" }),
      'data.columns.c.role: must be "user", "item", "context", "label", "time", "weight", "group", "teacher-score" or "extra", got "usr"; did you mean "user"?',
    ],
    ["a missing role", withColumn({ kind: "id" }), 'or "extra", got nothing'],
    [
      "an unknown kind",
      withColumn({ role: "user", kind: "idd" }),
      'data.columns.c.kind: must be "id", "categorical", "numeric" or "multi", got "idd"; did you mean "id"?',
    ],
    [
      "a missing kind",
      withColumn({ role: "user" }),
      'data.columns.c.kind: must be "id", "categorical", "numeric" or "multi", got nothing',
    ],
    [
      "an unknown option",
      withColumn({ role: "user", kind: "id", minCuont: 3 }),
      'data.columns.c: unknown key "minCuont"',
    ],
    ["an option of another kind", withColumn({ role: "label", kind: "id" }), 'data.columns.c: unknown key "kind"'],
    [
      "an unknown transform",
      withColumn({ role: "user", kind: "numeric", transform: "standard" }),
      'data.columns.c.transform: must be "standardise", "log" or "none", got "standard"; did you mean "standardise"?',
    ],
    [
      "transform and buckets",
      withColumn({ role: "user", kind: "numeric", transform: "log", buckets: 3 }),
      "data.columns.c: must have transform or buckets, not both",
    ],
    [
      "oov without buckets",
      withColumn({ role: "user", kind: "numeric", missing: "oov" }),
      'data.columns.c.missing: "oov" needs buckets',
    ],
    [
      "falling boundaries",
      withColumn({ role: "user", kind: "numeric", buckets: [2, 1] }),
      "data.columns.c.buckets: boundaries must rise",
    ],
    [
      "an unknown vocabulary",
      withColumn({ role: "user", kind: "id", vocabulary: { kind: "hash", rows: 3 } }),
      'data.columns.c.vocabulary.kind: must be "built" or "hashed", got "hash"; did you mean "hashed"?',
    ],
    [
      "sharing with nothing",
      withColumn({ role: "user", kind: "id", shareWith: "j" }),
      'data.columns.c.shareWith: must name another column with a vocabulary, got "j"',
    ],
    [
      "sharing with itself",
      withColumn({ role: "user", kind: "id", shareWith: "c" }),
      'must name another column with a vocabulary, got "c"',
    ],
    [
      "a vocabulary that is shared",
      withColumn({ role: "user", kind: "id", shareWith: "i", vocabulary: { kind: "built" } }),
      "data.columns.c.vocabulary: cannot take effect: the vocabulary is that of i",
    ],
    [
      "two weights",
      { ...minimal, columns: { ...minimal.columns, a: { role: "weight" }, b: { role: "weight" } } },
      "data.columns: at most one column may have role weight, got a, b",
    ],
    [
      "no item",
      { ...minimal, columns: { u: minimal.columns.u } },
      "data.columns: one column must have role item and kind id, got none",
    ],
    [
      "a key that may be missing",
      { ...minimal, columns: { ...minimal.columns, u: { role: "user", kind: "id", missing: "oov" } } },
      "data.columns.u.missing: the user key must not be missing",
    ],
    ["no label", { ...minimal, labels: {} }, "data.labels: must name at least one label"],
    [
      "a label's name",
      { ...minimal, labels: { "a b": "1" } },
      "data.labels.a b: the name must be a letter, then letters",
    ],
    [
      "an implication of no label",
      { ...minimal, implies: { buy: "clik" } },
      'data.implies.buy: must join two labels, got "clik"; did you mean "click"?',
    ],
    [
      "an unknown split",
      { ...minimal, split: { by: "tme" } },
      'data.split.by: must be "expression", "time" or "ratio", got "tme"; did you mean "time"?',
    ],
    [
      "a split by time without time",
      { ...minimal, split: { by: "time", cuts: { test: 3 } } },
      "data.split.by: needs a column of role time",
    ],
    [
      "ratios that do not add up",
      { ...minimal, split: { by: "ratio", train: 0.5, test: 0.4 } },
      "data.split: train, validation and test must add up to 1",
    ],
    [
      "fractions and cuts",
      { ...minimal, split: { by: "time", cuts: { test: 3 }, fractions: { train: 1 } } },
      "data.split: must have fractions or cuts, one of the two",
    ],
    ["no cut", { ...minimal, split: { by: "time", cuts: {} } }, "data.split.cuts: must name a cut"],
    [
      "a split of parts",
      { ...minimal, source: { train: "a.csv" }, split: { by: "ratio", train: 1 } },
      "data.split: cannot take effect: the source is already given for each part",
    ],
    ["parts without files", { ...minimal, source: {} }, "data.source: must name a file for at least one part"],
  ])("refuses %s", (_, input, message) => {
    expect(() => parseDataConfig(input)).toThrow(ConfigError);
    expect(() => parseDataConfig(input)).toThrow(message);
  });

  it("names all mistakes at once", () => {
    const twice = { ...minimal, format: "csvv", labels: {} };
    expect(() => parseDataConfig(twice)).toThrow(/^data\.format: must be "auto".*did you mean "csv"\?/);
    const errors = { ...minimal, format: "csvv", expectedRows: 0.5 };
    expect(() => parseDataConfig(errors)).toThrow(/data\.format: .*\n.*data\.expectedRows: /);
  });
});
