import { z } from "zod";
import { choice, strict, unknownChoice } from "../../config-schema.ts";
import type { RowGrouping } from "../../data/row-groups.ts";

const bins = z.int().min(1).max(1000);
const kinds = [
  strict({
    by: z.literal("popularity").describe("Items by their training rows, from the least popular; cold items apart."),
    groups: bins.default(10),
    mass: choice(["items", "interactions"]).default("items").describe("What each group has an equal part of."),
  }),
  strict({ by: z.literal("cold-items").describe("Items with and without training rows.") }),
  strict({ by: z.literal("new-users").describe("Users with and without training or history rows.") }),
  strict({
    by: z.literal("history").describe("Users by the number of items of their training and history rows."),
    groups: bins.default(4),
  }),
  strict({
    by: z.literal("column"),
    column: z.string(),
    groups: bins.default(10).describe("Bins of a column of many numbers."),
  }),
  strict({
    by: z.literal("expression").describe("Rows by an expression's value, as labels are written."),
    expression: z.string(),
    groups: bins.default(10).describe("Bins where it has many values."),
  }),
] as const;

/** The `evaluate.slices` block: groups of test rows that are measured one by one. */
export const slicesConfig = z.record(
  z.string().regex(/^[a-z][a-z0-9-]*$/, "names must be lower-case words joined by -"),
  z.discriminatedUnion(
    "by",
    kinds,
    unknownChoice(
      kinds.map(({ shape }) => shape.by.value),
      "by",
    ),
  ),
);

export type SlicesConfig = z.infer<typeof slicesConfig>;

/** What the data are to group rows by. */
export function rowGroupings(slices: SlicesConfig): Readonly<Record<string, RowGrouping>> {
  const groupings = Object.entries(slices).flatMap(([name, slice]): readonly (readonly [string, RowGrouping])[] => {
    if (slice.by === "column") return [[name, { column: slice.column, bins: slice.groups }]];
    return slice.by === "expression" ? [[name, { expression: slice.expression, bins: slice.groups }]] : [];
  });
  return Object.fromEntries(groupings);
}
