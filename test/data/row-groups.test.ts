import { describe, expect, it } from "vitest";
import { groupRows, numberGroups, type RowGrouping } from "../../src/data/row-groups.ts";

const data = {
  rows: 4,
  columns: new Map([
    ["age", { storage: "numbers" as const, values: Float64Array.of(30, 20, Number.NaN, 20) }],
    ["city", { storage: "categories" as const, codes: Int32Array.of(1, 0, -1, 1), values: ["oslo", "rome"] }],
    [
      "tags",
      { storage: "lists" as const, offsets: Int32Array.of(0, 1, 1, 1, 1), codes: Int32Array.of(0), values: ["x"] },
    ],
  ]),
  locate: (row: number) => `row ${row + 1}`,
};
const groups = async (grouping: RowGrouping) => (await groupRows({ mine: grouping }, data)).get("mine")!;

describe("numberGroups", () => {
  it("gives each value a group, or bins of neighbouring values where there are more", () => {
    expect(numberGroups(Float64Array.of(2, 1, 2, Number.NaN), 2)).toEqual({
      names: ["1", "2"],
      codes: Int32Array.of(1, 0, 1, -1),
    });
    const many = numberGroups(Float64Array.of(5, 1, 2, 3, 4, 6), 3);
    expect(many).toEqual({ names: ["1 to 2", "3 to 4", "5 to 6"], codes: Int32Array.of(2, 0, 0, 1, 1, 2) });
  });

  it("keeps equal values together, whatever the bins", () => {
    const { names, codes } = numberGroups(Float64Array.of(0, 0, 0, 0, 0, 1, 2, 3), 3);
    expect(names).toEqual(["0", "1 to 3"]);
    expect([...codes]).toEqual([0, 0, 0, 0, 0, 1, 1, 1]);
  });
});

describe("groupRows", () => {
  it("groups by raw values, and by expressions", async () => {
    expect(await groups({ column: "city", bins: 9 })).toEqual({
      names: ["oslo", "rome"],
      codes: Int32Array.of(1, 0, -1, 1),
    });
    expect(await groups({ column: "age", bins: 9 })).toEqual({
      names: ["20", "30"],
      codes: Int32Array.of(1, 0, -1, 0),
    });
    const expression = "not isnull(age) and age > 25";
    expect(await groups({ expression, bins: 9 })).toEqual({ names: ["0", "1"], codes: Int32Array.of(1, 0, 0, 0) });
  });

  it("refuses unknown columns, several values a row, and wrong expressions", async () => {
    await expect(groups({ column: "agee", bins: 9 })).rejects.toThrow(
      'evaluate.slices.mine.column: must name a column of the data (age, city, tags), got "agee"; did you mean "age"?',
    );
    await expect(groups({ column: "tags", bins: 9 })).rejects.toThrow(
      'must have one value a row, got "tags" with several',
    );
    await expect(groups({ expression: "agee > 2", bins: 9 })).rejects.toThrow("evaluate.slices.mine.expression");
  });
});
