import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { writeAtomically, writeTextAtomically } from "../files/atomic-write.ts";
import { nodeFiles } from "../files/file-layer.ts";
import { ablationSections } from "./ablation-sections.ts";
import { toCsv } from "./ablation-table.ts";
import { tableRecords } from "./cell-text.ts";
import type { Figure, ReportSection } from "./figure.ts";
import { type DrawnFigure, reportHtml } from "./html.ts";
import { reportMarkdown } from "./markdown.ts";
import { renderPlot, renderSvg } from "./plot.ts";
import { isAblationFolder, readAblation } from "./read-ablation.ts";
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
 * @throws {ConfigError} a folder without a run, or runs on different data unless that is allowed. @throws {DataError} a
 *   file of a run that breaks its contract.
 */
export async function writeReport(
  paths: readonly string[],
  { out, made, allowDifferentData = false }: ReportOptions,
): Promise<WrittenReport> {
  const ablations = await Promise.all(paths.map(isAblationFolder));
  if (ablations.includes(true)) return writeAblationReport(paths, { out, made });
  const runs = uniqueNames(await Promise.all(paths.map(readRunReport)));
  const fingerprints = new Set(runs.flatMap(({ data }) => (data ? [data.fingerprint] : [])));
  if (fingerprints.size > 1 && !allowDifferentData) {
    throw new ConfigError(
      `report: runs must be on the same data, got fingerprints ${[...fingerprints].join(", ")}; add --different-data to report on them all the same`,
    );
  }
  const title =
    runs.length === 1 ? `Run ${runs[0]!.name}` : `${runs.length} runs: ${runs.map(({ name }) => name).join(", ")}`;
  const written = await writeSections(reportSections(runs), { out, made, title });
  return { ...written, missing: runs.flatMap(({ name, missing }) => missing.map((part) => `${name}: ${part}`)) };
}

/** @throws {ConfigError} an ablation beside other folders. */
async function writeAblationReport(
  paths: readonly string[],
  { out, made }: Pick<ReportOptions, "out" | "made">,
): Promise<WrittenReport> {
  if (paths.length > 1)
    throw new ConfigError(`report: the folder of an ablation must be reported on alone, got ${paths.length} folders`);
  const ablation = await readAblation(paths[0]!);
  const missing = ablation.base === undefined ? [`${ablation.name}: the run of the base`] : [];
  const title = `Ablation ${ablation.name}`;
  return { ...(await writeSections(ablationSections(ablation), { out, made, title })), missing };
}

interface PageOptions extends Pick<ReportOptions, "out" | "made"> {
  readonly title: string;
}

/** Writes the page, the model card, and every figure and table as files. */
export async function writeSections(
  sections: readonly ReportSection[],
  { out, made, title }: PageOptions,
): Promise<Omit<WrittenReport, "missing">> {
  for (const folder of ["figures", "tables"]) await nodeFiles.makeFolder(join(out, folder));
  const drawn: { section: ReportSection; figures: DrawnFigure[] }[] = [];
  for (const section of sections) {
    const figures: DrawnFigure[] = [];
    for (const figure of section.figures) figures.push(await writeFigure(figure, join(out, "figures")));
    drawn.push({ section, figures });
  }
  const tables = sections.flatMap((section) => section.tables);
  for (const table of tables)
    await writeTextAtomically(join(out, "tables", `${table.id}.csv`), toCsv(tableRecords(table)));
  const page = join(out, "index.html");
  const withDrawings = drawn.map(({ section, figures }) => ({ ...section, figures }));
  await writeTextAtomically(page, reportHtml({ title, made, sections: withDrawings }));
  await writeTextAtomically(join(out, "report.md"), reportMarkdown(title, made, sections));
  return { page, figures: drawn.reduce((sum, { figures }) => sum + figures.length, 0), tables: tables.length };
}

async function writeFigure(figure: Figure, folder: string): Promise<DrawnFigure> {
  const { id, spec, narrow } = figure;
  const { svg, png } = await renderPlot(spec);
  await writeTextAtomically(join(folder, `${id}.svg`), svg);
  await writeAtomically(join(folder, `${id}.png`), (write) => write(png));
  await writeTextAtomically(join(folder, `${id}.vl.json`), `${JSON.stringify(spec, null, 2)}\n`);
  return { ...figure, svg, ...(narrow !== undefined && { narrowSvg: await renderSvg(narrow) }) };
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
