import { cellText, formatNumber } from "./cell-text.ts";
import type { Cell, Figure, ReportSection, ReportTable } from "./figure.ts";
import { inlineSvg } from "./inline-svg.ts";
import { PAGE_STYLE } from "./page-style.ts";

/** A figure with its drawings. */
export interface DrawnFigure extends Figure {
  readonly svg: string;
  readonly narrowSvg?: string;
}

export interface HtmlReport {
  readonly title: string;
  readonly made: string;
  readonly sections: readonly (Omit<ReportSection, "figures"> & { readonly figures: readonly DrawnFigure[] })[];
}

/** Tables of more rows are folded. */
const LONG_TABLE = 12;

/** One self-contained page: no script, no address outside itself, light and dark, phone to desktop. */
export function reportHtml({ title, made, sections }: HtmlReport): string {
  const anchors = sections.map((part, i) => `<li><a href="#s${i + 1}">${escapeHtml(part.title)}</a></li>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header><h1>${escapeHtml(title)}</h1>
<nav aria-label="Contents"><ul>${anchors.join("")}</ul></nav></header>
<main id="content">
${sections.map(sectionHtml).join("\n")}
</main>
<footer><p class="made">${escapeHtml(made)}</p></footer>
</body>
</html>
`;
}

function sectionHtml(part: HtmlReport["sections"][number], index: number): string {
  const { title, notes, paragraphs, tables, figures } = part;
  const lines = [
    `<section aria-labelledby="s${index + 1}"><h2 id="s${index + 1}">${escapeHtml(title)}</h2>`,
    ...notes.map((text) => `<p class="note" role="note">${escapeHtml(text)}</p>`),
    ...paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`),
    ...(figures.length > 0 ? [`<div class="figures">${figures.map(figureHtml).join("\n")}</div>`] : []),
    ...(tables.length > 0 ? [`<div class="tables">${tables.map(tableHtml).join("\n")}</div>`] : []),
    "</section>",
  ];
  return lines.join("\n");
}

function tableHtml({ caption, columns, rows, folded = rows.length > LONG_TABLE }: ReportTable): string {
  const numeric = columns.map((_, i) => rows.some((row) => isNumber(row[i] ?? null)));
  const head = columns.map(
    (column, i) => `<th scope="col"${numeric[i] ? ' class="number"' : ""}>${escapeHtml(column)}</th>`,
  );
  const body = rows.map((row) => `<tr>${row.map((cell, i) => dataCell(cell, i === 0, numeric[i]!)).join("")}</tr>`);
  const name = escapeHtml(caption);
  const html = `<div class="scroll" role="region" aria-label="${name}" tabindex="0"><table><caption><span>${name}</span></caption><thead><tr>${head.join("")}</tr></thead><tbody>${body.join("")}</tbody></table></div>`;
  const size = rows.length === 1 ? "1 row" : `${rows.length.toLocaleString("en")} rows`;
  return folded ? `<details><summary>${name} (${size})</summary>${html}</details>` : html;
}

const isNumber = (cell: Cell): boolean => cell !== null && typeof cell !== "string";

function dataCell(cell: Cell, isHead: boolean, isNumeric: boolean): string {
  if (isHead) return `<th scope="row">${breakable(escapeHtml(cellText(cell, "–")))}</th>`;
  return `<td class="${isNumeric ? "number" : "text"}">${cellHtml(cell)}</td>`;
}

/** Paths and lists of settings may be broken where one part of them ends. */
function breakable(html: string): string {
  return html.replaceAll(/(?<=[\w\]])([,=/.@])(?=[\w[])/g, "$1<wbr>");
}

function cellHtml(cell: Cell): string {
  if (typeof cell !== "object" || cell === null) return escapeHtml(cellText(cell, "–"));
  return `${formatNumber(cell.value)} <span class="interval">[${cell.interval.map(formatNumber).join(", ")}]</span>`;
}

function figureHtml({ id, alt, caption = alt, svg, narrowSvg, title }: DrawnFigure): string {
  const label = escapeHtml(`${title}. ${alt}`);
  const desk = inlineSvg(svg, { id, label, className: narrowSvg === undefined ? "" : "desk" });
  const phone = narrowSvg === undefined ? "" : inlineSvg(narrowSvg, { id: `${id}-narrow`, label, className: "phone" });
  return `<figure${narrowSvg === undefined ? "" : ' class="wide"'}>${desk}${phone}<figcaption>${escapeHtml(caption)}</figcaption></figure>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
