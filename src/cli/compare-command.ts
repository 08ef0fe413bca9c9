import { ConfigError } from "../errors.ts";
import { type Direction, isBetter } from "../eval/index.ts";
import { compareRuns } from "../run/compare-runs.ts";
import { ExitCode, type Io } from "./io.ts";
import { metricsTable, type ResultRow } from "./metrics-table.ts";

/** `twinstill compare`: how runs differ in settings and results. */
export async function compareCommand(
  runs: readonly string[],
  { json }: { readonly json?: true },
  io: Io,
): Promise<number> {
  if (runs.length < 2) throw new ConfigError(`compare: runs must be two or more, got ${runs.length}`);
  const comparison = await compareRuns(runs);
  if (json) {
    io.out(`${JSON.stringify(comparison)}\n`);
    return ExitCode.ok;
  }
  if (new Set(comparison.kinds).size > 1)
    io.out("Some of these runs are cascades and some are not: they have few metrics in common.\n\n");
  if (comparison.sameData === false) io.out("The runs are on different data: their numbers must not be compared.\n\n");
  io.out(comparison.settings.length === 0 ? "All settings are equal.\n" : "Settings that differ:\n");
  for (const { path, values } of comparison.settings)
    io.out(`  ${path}: ${values.map((value) => (value === undefined ? "-" : JSON.stringify(value))).join("  |  ")}\n`);
  const letters = runs.map((_, i) => String.fromCharCode(65 + (i % 26)) + (i < 26 ? "" : Math.floor(i / 26)));
  const rows = comparison.metrics.map(({ metric, direction, values }): ResultRow => {
    return { name: metric, ...Object.fromEntries(letters.map((letter, i) => [letter, marked(values, direction, i)])) };
  });
  io.out(
    `\n${metricsTable(rows, letters)}\n* the best of its row\n${runs.map((run, i) => `${letters[i]}  ${run}\n`).join("")}`,
  );
  return ExitCode.ok;
}

/** A value with a star where it is better than all others; values of an unknown direction have none. */
function marked(values: readonly (number | null)[], direction: Direction | null, at: number): string | null {
  const value = values[at] ?? null;
  if (value === null) return null;
  const compared = direction !== null && values.filter((other) => other !== null).length > 1;
  const best = compared && values.every((other, i) => i === at || other === null || isBetter(value, other, direction));
  return `${value.toFixed(4)}${best ? " *" : "  "}`;
}
