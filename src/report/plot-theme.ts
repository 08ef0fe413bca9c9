import type { Config } from "vega-lite";

/** The font that pictures are drawn with (it comes from npm, so every machine has it), and who stands in for it. */
export const FONT_FAMILY = "DejaVu Sans, Verdana, sans-serif";

/**
 * Colours that people with any colour vision tell apart, without the yellow that is lost on white.
 * Source: Okabe and Ito (2008), "Color universal design".
 */
export const PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D"] as const;

const INK = "#222222";
const FAINT = "#E3E3E3";

/** Look of all plots: white ground, faint grid, no frame, dark text of 12 pixels. */
export const PLOT_THEME: Config = {
  background: "#FFFFFF",
  padding: 16,
  font: FONT_FAMILY,
  range: { category: [...PALETTE] },
  mark: { color: PALETTE[0] },
  view: { stroke: null },
  title: {
    anchor: "start",
    color: INK,
    fontSize: 16,
    subtitleColor: INK,
    subtitleFontSize: 12,
    subtitlePadding: 6,
    offset: 14,
  },
  axis: {
    labelColor: INK,
    titleColor: INK,
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: "normal",
    gridColor: FAINT,
    domainColor: "#888888",
    tickColor: "#888888",
    labelLimit: 260,
    labelFlush: false,
  },
  header: { labelColor: INK, labelFontSize: 13, labelFontWeight: "bold", labelAnchor: "start", title: null },
  legend: { labelColor: INK, labelFontSize: 12, title: null, orient: "top", symbolSize: 120, labelLimit: 260 },
};
