import { describe, expect, it } from "vitest";
import { cellText, formatNumber, tableRecords } from "../../src/report/cell-text.ts";
import { collapseNotes } from "../../src/report/diagnosis-section.ts";
import { section } from "../../src/report/figure.ts";
import { reportHtml } from "../../src/report/html.ts";
import { inlineSvg } from "../../src/report/inline-svg.ts";
import { reportMarkdown } from "../../src/report/markdown.ts";

const NASTY = `<b>"a" & 'b'</b>`;
const ESCAPED = "&lt;b&gt;&quot;a&quot; &amp; 'b'&lt;/b&gt;";
const table = {
  id: "t",
  caption: NASTY,
  columns: ["name", "value"],
  rows: [
    [NASTY, { value: 0.25, interval: [0.2, 0.3] }],
    ["none", null],
  ] as const,
};

describe("reportHtml", () => {
  const page = reportHtml({
    title: NASTY,
    made: "made",
    sections: [{ ...section(NASTY, { notes: [NASTY], paragraphs: [NASTY], tables: [table] }), figures: [] }],
  });

  it("lets no text become markup", () => {
    expect(page).not.toContain("<b>");
    expect(page).toContain(`<title>${ESCAPED}</title>`);
    expect(page).toContain(`<p class="note" role="note">${ESCAPED}</p>`);
    expect(page).toContain(`<caption><span>${ESCAPED}</span></caption>`);
  });

  it("marks headings of columns and rows, intervals and what is undefined", () => {
    expect(page).toContain('<th scope="col">name</th><th scope="col" class="number">value</th>');
    expect(page).toContain(`<th scope="row">${ESCAPED}</th>`);
    expect(page).toContain('0.2500 <span class="interval">[0.2000, 0.3000]</span>');
    expect(page).toContain('<td class="number">–</td>');
  });
});

describe("reportMarkdown", () => {
  it("keeps bars in cells, and notes apart", () => {
    const own = { ...table, rows: [["a|b", 1]] as const };
    expect(reportMarkdown("T", "made", [section("S", { notes: ["careful"], tables: [own] })])).toBe(
      `# T\n\nmade\n\n## S\n\n> **Note:** careful\n\n${NASTY}\n\n| name | value |\n| --- | --- |\n| a\\|b | 1 |\n`,
    );
  });
});

describe("cells", () => {
  it("writes rates with four places, large numbers with separators, tiny ones with an exponent", () => {
    const shown = [0.123456, -0.5, 12.345, 1234.5, 1234567, 0, 0.00001234].map(formatNumber);
    expect(shown).toEqual(["0.1235", "-0.5000", "12.35", "1,235", "1,234,567", "0", "1.2e-5"]);
    expect(cellText(null, "-")).toBe("-");
    expect(cellText({ value: 0.5, interval: [0.25, 0.75] }, "-")).toBe("0.5000 [0.2500, 0.7500]");
  });

  it("gives a column with intervals three columns of a file", () => {
    expect(tableRecords(table)).toEqual([
      { name: NASTY, value: 0.25, "value low": 0.2, "value high": 0.3 },
      { name: "none", value: null, "value low": null, "value high": null },
    ]);
  });
});

describe("inlineSvg", () => {
  it("is one image with one label, its ids its own", () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" class="marks"><clipPath id="c0"></clipPath><g role="graphics-object" aria-label="inner" clip-path="url(#c0)"><path class="background" aria-hidden="true" d="M0,0h0v0h0Z"/></g></svg>';
    expect(inlineSvg(svg, { id: "a b", label: "what it shows", className: "desk" })).toBe(
      '<svg role="img" aria-label="what it shows" font-family="DejaVu Sans, Verdana, sans-serif" class="desk" xmlns="http://www.w3.org/2000/svg"><clipPath id="a_b-c0"></clipPath><g clip-path="url(#a_b-c0)"></g></svg>',
    );
  });
});

describe("collapseNotes", () => {
  it("warns of gates with one expert, and of no other", () => {
    const gate = { weights: [0.97, 0.03], entropy: 0.19 };
    const gates = [
      { ...gate, task: "ctr", collapsed: true },
      { task: "cvr", weights: [0.5, 0.5], entropy: 1, collapsed: false },
    ] as const;
    expect(collapseNotes("run", gates)).toEqual([
      "run: the ctr gate has collapsed onto one expert (mean weight over .95): the mixture does no work there.",
    ]);
  });
});
