import { groupItems } from "../../data/interactions.ts";
import type { RowGroups } from "../../data/row-groups.ts";
import { numberGroups } from "../../data/row-groups.ts";
import { ConfigError } from "../../errors.ts";
import { COLD_ITEMS, popularityGroups, rankingMetrics, withoutItems } from "../../eval/index.ts";
import type { SlicesConfig } from "../config/slices-config.ts";
import { setsOf } from "./corpus-lists.ts";
import type { Measurement, ModelName } from "./measurement.ts";
import { exposedMetrics } from "./row-metrics.ts";

/** One model's metrics on one group of a slice. */
export interface SliceResult {
  readonly slice: string;
  readonly group: string;
  readonly model: ModelName;
  readonly rows: number;
  /** Users with a relevant item of the group. */
  readonly users: number;
  /** Those of exposed rows over the group's rows; those of lists with the group's relevant items alone. */
  readonly metrics: Readonly<Record<string, number | null>>;
}

type Slice = SlicesConfig[string];

/** Every slice of the configuration, group by group; groups without a row are left out. */
export async function sliceResults(measurement: Measurement): Promise<readonly SliceResult[]> {
  const all: SliceResult[] = [];
  for (const [slice, settings] of Object.entries(measurement.config.evaluate.slices)) {
    const { names, codes } = groupsOf(slice, settings, measurement);
    for (const [code, group] of names.entries()) {
      const places = Int32Array.from(codes.keys()).filter((place) => codes[place] === code);
      if (places.length === 0) continue;
      for (const model of measurement.models) {
        const ranked = await rankingOf(measurement, model, places);
        const metrics = { ...exposedMetrics(measurement, model, places), ...ranked.means };
        all.push({ slice, group, model, rows: places.length, users: ranked.users, metrics });
      }
    }
  }
  return all;
}

/** The group of each measured row: codes are [measured rows]. */
function groupsOf(name: string, slice: Slice, { dataset, rows }: Measurement): RowGroups {
  const { users, items, trainItems } = dataset;
  const userOf = rows.map((row) => users.rowEntity[row]!);
  const itemOf = rows.map((row) => items.rowEntity[row]!);
  const known = (user: number): number => trainItems.offsets[user + 1]! - trainItems.offsets[user]!;
  switch (slice.by) {
    case "popularity": {
      const groups = popularityGroups(items.trainCount, { groups: slice.groups, mass: slice.mass });
      const names = ["cold", ...Array.from({ length: slice.groups }, (_, i) => String(i + 1))];
      return { names, codes: itemOf.map((item) => groups[item]! - COLD_ITEMS) };
    }
    case "cold-items":
      return { names: ["cold", "warm"], codes: itemOf.map((item) => (items.trainCount[item] === 0 ? 0 : 1)) };
    case "new-users":
      return { names: ["new", "known"], codes: userOf.map((user) => (known(user) === 0 ? 0 : 1)) };
    case "history":
      return numberGroups(Float64Array.from(userOf, known), slice.groups);
    default: {
      const groups = dataset.groups?.get(name);
      if (groups === undefined)
        throw new ConfigError(
          `evaluate.slices.${name}: data must be opened with the slice's groups, got none; see openDataset`,
        );
      return { names: groups.names, codes: rows.map((row) => groups.codes[row]!) };
    }
  }
}

/** Recall and its kin, where only the relevant items of some rows are wanted. */
async function rankingOf(
  { dataset, config, rows, users, lists }: Measurement,
  model: ModelName,
  places: Int32Array,
): Promise<{ readonly means: Readonly<Record<string, number | null>>; readonly users: number }> {
  if (config.evaluate.relevant === undefined) return { means: {}, users: 0 };
  const label = dataset.labels.get(config.evaluate.relevant)!;
  const wanted = places.map((place) => rows[place]!).filter((row) => label[row] === 1);
  const sets = groupItems(dataset.users.rowEntity, dataset.items.rowEntity, {
    rows: wanted,
    numUsers: dataset.users.size,
  });
  const relevant = withoutItems(setsOf(sets, users().numbers), users().seen);
  const ks = config.evaluate.ks.filter((k) => k <= dataset.items.size);
  const found = rankingMetrics(await lists(model, "masked"), relevant, { ks });
  return { means: found.means, users: found.users.length };
}
