import type { ReportSection } from "./figure.ts";
import { formatNumber } from "./html.ts";

/** The same report as Markdown, pictures by their files: a model card. */
export function reportMarkdown(title: string, made: string, sections: readonly ReportSection[]): string {
  const parts = sections.map(({ title: heading, paragraphs, tables, figures }) => [
    `## ${heading}`,
    ...paragraphs,
    ...tables.map(({ caption, columns, rows }) =>
      [caption, "", row(columns), row(columns.map(() => "---")), ...rows.map((cells) => row(cells.map(cell)))].join(
        "\n",
      ),
    ),
    ...figures.map(({ id, alt }) => `![${alt.replaceAll("]", "\\]")}](figures/${id}.png)`),
  ]);
  return `${[`# ${title}`, made, ...parts.flat()].join("\n\n")}\n`;
}

/** A table alone. */
export function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return [columns, columns.map(() => "---"), ...rows].map(row).join("\n");
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`;
}

function cell(value: string | number | null): string {
  if (value === null) return "-";
  return typeof value === "number" ? formatNumber(value) : value;
}
