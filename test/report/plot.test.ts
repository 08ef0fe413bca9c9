import type { TopLevelSpec } from "vega-lite";
import { describe, expect, it } from "vitest";
import { renderPlot } from "../../src/report/plot.ts";
import { type Bar, intervalBarsSpec, shortNumber } from "../../src/report/plot-bars.ts";
import { groupedBarsSpec } from "../../src/report/plot-grouped-bars.ts";
import { heatMapSpec } from "../../src/report/plot-heat-map.ts";
import { type LossPoint, lossCurvesSpec } from "../../src/report/plot-losses.ts";
import { textWidth } from "../../src/report/plot-text-width.ts";
import { PALETTE } from "../../src/report/plot-theme.ts";
import { inkOf } from "./png-pixels.ts";

const schema = "https://vega.github.io/schema/vega-lite/v6.json";

/** The texts of an SVG, in the order in which they stand in it. */
function texts(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]!);
}

function textSpec(text: string): TopLevelSpec {
  return {
    $schema: schema,
    width: 200,
    height: 40,
    data: { values: [{ text }] },
    mark: "text",
    encoding: { text: { field: "text" } },
  };
}

describe("renderPlot", () => {
  it("draws text on a machine without fonts", async () => {
    const [empty, small, large] = await Promise.all(["", "m", "mmmmmmmmmm"].map((text) => renderPlot(textSpec(text))));
    expect(inkOf(empty!.png).inked).toBe(0);
    expect(inkOf(small!.png).inked).toBeGreaterThan(40);
    expect(inkOf(large!.png).inked).toBeGreaterThan(8 * inkOf(small!.png).inked);
  });

  it("draws the PNG in the SVG's size times the scale, on white", async () => {
    const { svg, png } = await renderPlot(textSpec("a"), { scale: 3 });
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!;
    expect(inkOf(png)).toMatchObject({ width: 3 * Number(width), height: 3 * Number(height) });
    expect(svg).toContain('fill="#FFFFFF"');
    expect(svg).toContain("DejaVu Sans, Verdana, sans-serif");
  });

  it("gives the same bytes for the same specification", async () => {
    const spec = intervalBarsSpec([{ name: "a", metric: "auc", value: 0.5 }], { title: "t" });
    const [first, second] = [await renderPlot(spec), await renderPlot(spec)];
    expect(second.svg).toBe(first.svg);
    expect(second.png).toEqual(first.png);
  });

  it("loads nothing and hides no complaint", async () => {
    const byAddress = { ...textSpec(""), data: { url: "file:///etc/hostname" } } as TopLevelSpec;
    await expect(renderPlot(byAddress)).rejects.toThrow(
      /^renderPlot: .*data must be inline, got address file:\/\/\/etc\/hostname/,
    );
    const noMark = { ...textSpec(""), mark: "blob" } as unknown as TopLevelSpec;
    await expect(renderPlot(noMark)).rejects.toThrow(/^renderPlot: spec must draw without complaint, got /);
    const badScale = {
      ...textSpec("a"),
      encoding: { x: { field: "text", type: "nominal", scale: { exponent: 3 } } },
    } as TopLevelSpec;
    await expect(renderPlot(badScale)).rejects.toThrow(/^renderPlot: spec must draw without complaint, got .*exponent/);
    await expect(renderPlot(textSpec("a"), { scale: 0 })).rejects.toThrow(
      "renderPlot: scale must be in (0, 16], got 0",
    );
  });
});

describe("intervalBarsSpec", () => {
  const bars: Bar[] = [
    { name: "zeta", metric: "recall@10", value: 0.21, interval: [0.2, 0.22] },
    { name: "alpha", metric: "recall@10", value: null },
    { name: "zeta", metric: "auc", value: 0.66 },
    { name: "alpha", metric: "auc", value: 0.5 },
  ];

  it("shows every name, metric and value, in the given order", async () => {
    const { svg } = await renderPlot(intervalBarsSpec(bars, { title: "A title", subtitle: "what the whiskers are" }));
    const shown = texts(svg);
    for (const text of ["A title", "what the whiskers are", "0.210", "undefined", "0.660", "0.500"])
      expect(shown).toContain(text);
    expect(shown.indexOf("recall@10")).toBeLessThan(shown.indexOf("auc"));
    expect(shown.indexOf("zeta")).toBeLessThan(shown.indexOf("alpha"));
  });

  it("draws bars in proportion and the interval at its ends", async () => {
    const { svg } = await renderPlot(
      intervalBarsSpec([bars[0]!, { ...bars[0]!, name: "half", value: 0.105 }], { title: "t" }),
    );
    const labelled = [
      ...svg.matchAll(
        /aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="(bar|rule mark)"[^>]*?(?: d="M(-?[\d.]+),-?[\d.]+h(-?[\d.]+)v| x2="(-?[\d.]+)")/g,
      ),
    ];
    const widths = labelled.filter((match) => match[2] === "bar").map((match) => Number(match[4]));
    expect(widths.length).toBe(2);
    expect(widths[0]! / widths[1]!).toBeCloseTo(2, 6);
    const interval = labelled.find((match) => match[2] === "rule mark")!;
    expect(Math.abs(Number(interval[5])) / widths[0]!).toBeCloseTo(0.02 / 0.21, 6);
  });

  it("says in words what it shows", () => {
    expect(intervalBarsSpec(bars, { title: "T" }).description).toBe(
      "T. recall@10 of zeta: 0.210; recall@10 of alpha: undefined; auc of zeta: 0.660; auc of alpha: 0.500.",
    );
  });

  it("writes numbers short and repeats no colour", async () => {
    expect([0.12345, -0.5, -0.0001, 12.345, -1234.5].map(shortNumber)).toEqual([
      "0.123",
      "−0.500",
      "0.000",
      "12.3",
      "−1230",
    ]);
    const many = Array.from({ length: 9 }, (_, i) => ({ name: `row ${i}`, metric: "auc", value: 0.5 }));
    const coloursOf = async (bars: readonly Bar[]): Promise<string[]> => {
      const { svg } = await renderPlot(intervalBarsSpec(bars, { title: "t" }));
      return PALETTE.filter((colour) => svg.includes(`fill="${colour}"`));
    };
    expect(await coloursOf(many)).toEqual([PALETTE[0]]);
    expect(await coloursOf(many.slice(0, 7))).toEqual([...PALETTE]);
  });

  it("refuses nothing and the same bar twice", () => {
    expect(() => intervalBarsSpec([], { title: "t" })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: intervalBarsSpec: bars must hold one bar or more, got none]`,
    );
    expect(() => intervalBarsSpec([bars[0]!, bars[0]!], { title: "t" })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: intervalBarsSpec: bars must hold recall@10 of zeta once, got it twice]`,
    );
  });
});

describe("lossCurvesSpec", () => {
  const line = (term: string, count: number, series?: string): LossPoint[] =>
    Array.from({ length: count }, (_, i) => ({
      term,
      step: i + 1,
      value: 1 / (i + 1),
      ...(series === undefined ? {} : { series }),
    }));

  it("shows terms and series, and the marked step", async () => {
    const points = [...line("loss/total", 5, "train"), ...line("loss/kd", 5, "validation")];
    const { svg } = await renderPlot(lossCurvesSpec(points, { title: "Losses", subtitle: "nats", markedStep: 3 }));
    for (const text of ["Losses", "nats", "loss/total", "loss/kd", "train", "validation", "step"])
      expect(texts(svg)).toContain(text);
    expect(svg).toContain('stroke-dasharray="4,3"');
  });

  it("needs no legend for one line", async () => {
    const { svg } = await renderPlot(lossCurvesSpec(line("loss", 50), { title: "t" }));
    expect(svg).not.toContain("role-legend-label");
  });

  it("thins long lines by means, leaves short ones, and says so", () => {
    const spec = lossCurvesSpec([...line("a", 1000), ...line("b", 3)], { title: "t", maxPoints: 100 }) as {
      data: { values: { term: string; step: number; value: number }[] };
      title: { subtitle: string[] };
    };
    const { values } = spec.data;
    expect(values.filter(({ term }) => term === "a").length).toBe(100);
    expect(values.filter(({ term }) => term === "b")).toEqual(line("b", 3).map((point) => ({ ...point, series: "" })));
    const firstTen = line("a", 10).reduce((sum, { value }) => sum + value, 0) / 10;
    expect(values[0]).toEqual({ term: "a", series: "", step: 10, value: firstTen });
    expect(spec.title.subtitle).toEqual(["long lines: each point is the mean of up to 10 logged values"]);
  });

  it("takes steps in any order", () => {
    const points = [...line("a", 4)].reverse();
    const { data } = lossCurvesSpec(points, { title: "t" }) as { data: { values: { step: number }[] } };
    expect(data.values.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(points[0]!.step).toBe(4);
  });

  it("refuses nothing and NaN", () => {
    expect(() => lossCurvesSpec([], { title: "t" })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: lossCurvesSpec: points must hold one point or more, got none]`,
    );
    const bad = [{ term: "loss", step: 3, value: Number.NaN }];
    expect(() => lossCurvesSpec(bad, { title: "t" })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: lossCurvesSpec: loss must be finite, got NaN at step 3]`,
    );
  });
});

describe("textWidth", () => {
  it("adds the font's advances", () => {
    expect(textWidth("AV", { fontSize: 100 })).toBeCloseTo(68.4 + 68.4, 10);
    expect(textWidth("", { fontSize: 12 })).toBe(0);
    expect(textWidth("iii", { fontSize: 12 })).toBeLessThan(textWidth("mmm", { fontSize: 12 }) / 3);
    expect(textWidth("a", { fontSize: 10, bold: true })).toBeGreaterThan(textWidth("a", { fontSize: 10 }));
  });
});

describe("heatMapSpec", () => {
  const x = { title: "temperature", order: ["1", "2"] };
  const y = { title: "weight", order: ["0.5"] };
  const cells = [
    { x: "1", y: "0.5", value: 0.1 },
    { x: "2", y: "0.5", value: 0.3 },
  ];
  const fillOf = (svg: string, at: string): string =>
    new RegExp(`aria-label="temperature: ${at};[^"]*"[^>]* fill="(rgb\\([^)]*\\))"`).exec(svg)![1]!;

  it("writes each value in its field, the better the darker, in either direction", async () => {
    const up = await renderPlot(heatMapSpec(cells, { title: "t", x, y, direction: "max" }));
    expect(texts(up.svg)).toEqual(expect.arrayContaining(["temperature", "weight", "0.5", "0.100", "0.300"]));
    const down = await renderPlot(heatMapSpec(cells, { title: "t", x, y, direction: "min" }));
    expect(fillOf(up.svg, "1")).toBe("rgb(232, 241, 248)");
    expect(fillOf(up.svg, "2")).toBe("rgb(6, 59, 99)");
    expect([fillOf(down.svg, "1"), fillOf(down.svg, "2")]).toEqual([fillOf(up.svg, "2"), fillOf(up.svg, "1")]);
    const colourOf = (svg: string, label: string): string =>
      new RegExp(`fill="(#[0F]{6})"[^>]*>${label}<`).exec(svg)![1]!;
    expect([colourOf(up.svg, "0.100"), colourOf(up.svg, "0.300")]).toEqual(["#000000", "#FFFFFF"]);
    expect([colourOf(down.svg, "0.100"), colourOf(down.svg, "0.300")]).toEqual(["#FFFFFF", "#000000"]);
  });

  it("refuses nothing and two values at one place", () => {
    const options = { title: "t", x, y, direction: "max" } as const;
    expect(() => heatMapSpec([], options)).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: heatMapSpec: cells must hold one cell or more, got none]`,
    );
    expect(() => heatMapSpec([cells[0]!, cells[0]!], options)).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: heatMapSpec: cells must stand at different places, got two at one]`,
    );
  });
});

describe("groupedBarsSpec", () => {
  it("stacks bars in the order of their series", async () => {
    const values = [
      { phase: "a", part: "late", seconds: 1 },
      { phase: "a", part: "early", seconds: 2 },
    ];
    const series = { field: "part", order: ["early", "late"] };
    const options = {
      title: "t",
      x: "phase",
      order: ["a"],
      xTitle: "",
      y: "seconds",
      yTitle: "",
      series,
      stacked: true,
    };
    const { svg } = await renderPlot(groupedBarsSpec(values, options));
    const top = (part: string): number =>
      Number(new RegExp(`part: ${part}[^"]*"[^>]* d="M[\\d.]+,([\\d.]+)h`).exec(svg)![1]);
    expect(top("late")).toBeLessThan(top("early"));
  });
});
