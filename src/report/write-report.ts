import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { writeAtomically, writeTextAtomically } from "../files/atomic-write.ts";
import { toCsv } from "./ablation-table.ts";
import type { Figure } from "./figure.ts";
import { reportHtml } from "./html.ts";
import { reportMarkdown } from "./markdown.ts";
import { renderPlot } from "./plot.ts";
import { readRunReport } from "./read-run-report.ts";
import { reportSections } from "./run-sections.ts";

export interface ReportOptions {
  readonly out: string;
  /** Words on what made the report, and when. */
  readonly made: string;
  /** Report over runs on different data too. */
  readonly allowDifferentData?: boolean;
}

/** What was written. */
export interface WrittenReport {
  readonly page: string;
  readonly figures: number;
  readonly tables: number;
  readonly missing: readonly string[];
}

/**
 * Writes a report over run folders: index.html (one self-contained file), report.md, and each figure as SVG, PNG and
 * Vega-Lite JSON, each table as CSV.
 *
 * @throws {ConfigError} a folder without a run, or runs on different data unless that is allowed.
 */
export async function writeReport(
  paths: readonly string[],
  { out, made, allowDifferentData = false }: ReportOptions,
): Promise<WrittenReport> {
  const runs = await Promise.all(paths.map(readRunReport));
  const fingerprints = new Set(runs.flatMap(({ data }) => (data ? [data.fingerprint] : [])));
  if (fingerprints.size > 1 && !allowDifferentData) {
    throw new ConfigError(
      `report: runs must be on the same data, got fingerprints ${[...fingerprints].join(", ")}; add --different-data to report on them all the same`,
    );
  }
  const sections = await reportSections(uniqueNames(runs));
  for (const folder of ["figures", "tables"]) await mkdir(join(out, folder), { recursive: true });
  const drawn = new Map<string, string>();
  for (const figure of sections.flatMap(({ figures }) => figures))
    drawn.set(figure.id, await writeFigure(figure, join(out, "figures")));
  const tables = sections.flatMap((section) => section.tables);
  for (const { id, columns, rows } of tables) {
    const records = rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i] ?? null])));
    await writeTextAtomically(join(out, "tables", `${id}.csv`), toCsv(records));
  }
  const title =
    paths.length === 1 ? `Run ${runs[0]!.name}` : `${paths.length} runs: ${runs.map(({ name }) => name).join(", ")}`;
  const withDrawings = sections.map((section) => ({
    ...section,
    figures: section.figures.map((figure) => ({ ...figure, svg: drawn.get(figure.id)! })),
  }));
  await writeTextAtomically(join(out, "index.html"), reportHtml({ title, made, sections: withDrawings }));
  await writeTextAtomically(join(out, "report.md"), reportMarkdown(title, made, sections));
  return {
    page: join(out, "index.html"),
    figures: drawn.size,
    tables: tables.length,
    missing: runs.flatMap(({ name, missing }) => missing.map((part) => `${name}: ${part}`)),
  };
}

async function writeFigure({ id, spec }: Figure, folder: string): Promise<string> {
  const { svg, png } = await renderPlot(spec);
  await writeTextAtomically(join(folder, `${id}.svg`), svg);
  await writeAtomically(join(folder, `${id}.png`), (write) => write(png));
  await writeTextAtomically(join(folder, `${id}.vl.json`), `${JSON.stringify(spec, null, 2)}\n`);
  return svg;
}

/** Runs of one folder name get numbers. */
function uniqueNames<T extends { readonly name: string }>(runs: readonly T[]): T[] {
  const seen = new Map<string, number>();
  return runs.map((run) => {
    const count = (seen.get(run.name) ?? 0) + 1;
    seen.set(run.name, count);
    return count === 1 ? run : { ...run, name: `${run.name}-${count}` };
  });
}
