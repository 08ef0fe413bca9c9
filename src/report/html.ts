import type { Figure, ReportSection, ReportTable } from "./figure.ts";

/** A figure with its drawing. */
export interface DrawnFigure extends Figure {
  readonly svg: string;
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
  const anchors = sections.map((section, i) => `<li><a href="#s${i + 1}">${escapeHtml(section.title)}</a></li>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<header><h1>${escapeHtml(title)}</h1><p class="made">${escapeHtml(made)}</p>
<nav aria-label="Contents"><ul>${anchors.join("")}</ul></nav></header>
<main>
${sections.map(sectionHtml).join("\n")}
</main>
</body>
</html>
`;
}

function sectionHtml({ title, paragraphs, tables, figures }: HtmlReport["sections"][number], index: number): string {
  return `<section aria-labelledby="s${index + 1}"><h2 id="s${index + 1}">${escapeHtml(title)}</h2>
${paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`).join("\n")}
${tables.map(tableHtml).join("\n")}
${figures.map(figureHtml).join("\n")}
</section>`;
}

function tableHtml({ caption, columns, rows }: ReportTable): string {
  const head = columns.map((column) => `<th scope="col">${escapeHtml(column)}</th>`).join("");
  const body = rows.map(
    (row) =>
      `<tr>${row.map((cell, i) => (i === 0 ? `<th scope="row">${cellHtml(cell)}</th>` : `<td${typeof cell === "number" ? ' class="number"' : ""}>${cellHtml(cell)}</td>`)).join("")}</tr>`,
  );
  const html = `<div class="scroll" role="region" aria-label="${escapeHtml(caption)}" tabindex="0"><table><caption>${escapeHtml(caption)}</caption><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table></div>`;
  return rows.length > LONG_TABLE
    ? `<details><summary>${escapeHtml(caption)} (${rows.length} rows)</summary>${html}</details>`
    : html;
}

function cellHtml(cell: string | number | null): string {
  if (cell === null) return "–";
  return typeof cell === "number" ? formatNumber(cell) : escapeHtml(cell);
}

/** Whole numbers with separators, rates with four places. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(4);
}

function figureHtml({ alt, svg, title }: DrawnFigure): string {
  const image = svg.replace(/^[\s\S]*?<svg/, `<svg role="img" aria-label="${escapeHtml(`${title}. ${alt}`)}"`);
  return `<figure>${image}<figcaption>${escapeHtml(alt)}</figcaption></figure>`;
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1c1c1c;--soft:#5a5a5a;--line:#d8d8d8;--ground:#fff;--band:#f5f5f5;--link:#00569b}
@media (prefers-color-scheme:dark){:root{--ink:#e9e9e9;--soft:#a8a8a8;--line:#444;--ground:#161616;--band:#202020;--link:#7cc0ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
header,main{max-width:70rem;margin:0 auto;padding:1rem}
h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0}h2{font-size:1.25rem;margin:2rem 0 .5rem;border-top:1px solid var(--line);padding-top:1.25rem}
.made{color:var(--soft);margin:0}nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;padding:0}a{color:var(--link)}
.scroll{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse;font-size:.9rem;min-width:20rem}
caption{text-align:left;color:var(--soft);padding:.25rem 0}
th,td{padding:.3rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;overflow-wrap:break-word;min-width:4.5rem;max-width:34rem}
thead th{background:var(--band);overflow-wrap:normal}tbody th{font-weight:600;overflow-wrap:normal}.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
figure{margin:1.5rem 0;overflow-x:auto}figure svg{background:#fff;border-radius:6px;max-width:100%;height:auto}
@media (max-width:44rem){figure svg{max-width:none;width:40rem}}details{margin:1rem 0}summary{cursor:pointer}
figcaption{color:var(--soft);font-size:.9rem;max-width:46rem}
`;
