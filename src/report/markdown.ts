import { cellText } from "./cell-text.ts";
import type { ReportSection } from "./figure.ts";

/** The same report as Markdown, pictures by their files: a model card. */
export function reportMarkdown(title: string, made: string, sections: readonly ReportSection[]): string {
  const parts = sections.map(({ title: heading, notes, paragraphs, tables, figures }) => [
    `## ${heading}`,
    ...notes.map((text) => `> **Note:** ${text}`),
    ...paragraphs,
    ...figures.map(({ id, alt }) => `![${alt.replaceAll("]", "\\]")}](figures/${id}.png)`),
    ...tables.map(
      ({ caption, columns, rows }) =>
        `${caption}\n\n${markdownTable(
          columns,
          rows.map((cells) => cells.map((cell) => cellText(cell, "-"))),
        )}`,
    ),
  ]);
  return `${[`# ${title}`, made, ...parts.flat()].join("\n\n")}\n`;
}

/** A table alone. */
export function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return [columns, columns.map(() => "---"), ...rows].map(row).join("\n");
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((text) => text.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
}
