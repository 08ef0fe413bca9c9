import { createRequire } from "node:module";
import type { TopLevelSpec } from "vega-lite";
import { ConfigError } from "../errors.ts";
import { textWidth } from "./plot-text-width.ts";
import { PLOT_THEME } from "./plot-theme.ts";

/** A plot as vector and as pixels. */
export interface RenderedPlot {
  readonly svg: string;
  readonly png: Uint8Array;
}

export interface RenderPlotOptions {
  /** Pixels of the PNG for each pixel of the SVG, > 0. Default 2. */
  readonly scale?: number;
}

/**
 * Draws a Vega-Lite specification in the project's theme (what the specification sets itself wins), without browser,
 * network or installed fonts. The same specification gives the same SVG.
 *
 * @param spec - its data must be inline: nothing is loaded from files or addresses.
 * @throws {ConfigError} a specification that Vega-Lite or Vega complains about, data by address, a bad scale.
 */
export async function renderPlot(spec: TopLevelSpec, { scale = 2 }: RenderPlotOptions = {}): Promise<RenderedPlot> {
  if (!(scale > 0 && scale <= 16)) throw new ConfigError(`renderPlot: scale must be in (0, 16], got ${scale}`);
  const svg = await renderSvg(spec);
  return { svg, png: await renderPng(svg, scale) };
}

/** As renderPlot, the vector alone. @throws {ConfigError} a specification that Vega-Lite or Vega complains about. */
export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  const { logger, complaints } = collectingLogger();
  const svg = await drawSvg(spec, logger).catch((error: unknown) => {
    complaints.push(String(error));
    return "";
  });
  if (complaints.length === 0) return svg;
  throw new ConfigError(`renderPlot: spec must draw without complaint, got ${complaints.join("; ")}`);
}

async function drawSvg(spec: TopLevelSpec, logger: CollectingLogger): Promise<string> {
  // Loaded here and not above: they take about half a second, and most commands draw nothing.
  const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
  measureTextAs((vega as unknown as { readonly textMetrics: object }).textMetrics); // exported, missing in its types
  vega.resetSVGDefIds();
  const compiled = vegaLite.compile(spec, { config: PLOT_THEME, logger });
  const view = new vega.View(vega.parse(compiled.spec), { renderer: "none", loader: refusingLoader, logger });
  return view.toSVG().finally(() => view.finalize());
}

async function renderPng(svg: string, scale: number): Promise<Uint8Array> {
  const { Resvg } = await import("@resvg/resvg-js");
  const { resolve } = createRequire(import.meta.url);
  const fontFiles = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((file) => resolve(`dejavu-fonts-ttf/ttf/${file}`));
  const font = { loadSystemFonts: false, fontFiles, defaultFontFamily: "DejaVu Sans", sansSerifFamily: "DejaVu Sans" };
  return new Resvg(svg, { font, fitTo: { mode: "zoom", value: scale }, background: "#FFFFFF" }).render().asPng();
}

/** Vega lays out by measured text; without a canvas it guesses far too wide, so it gets the font's own widths. */
function measureTextAs(metrics: object): void {
  const width = (item: { readonly fontSize?: number; readonly fontWeight?: string | number }, text: unknown): number =>
    textWidth(String(text ?? ""), { fontSize: item.fontSize ?? 11, bold: item.fontWeight === "bold" });
  Object.assign(metrics, { width });
}

const refuse = async (address: string): Promise<never> => {
  throw new ConfigError(`renderPlot: data must be inline, got address ${address}`);
};
const refusingLoader = { load: refuse, sanitize: refuse, http: refuse, file: refuse };

interface CollectingLogger {
  level(): number;
  error(...messages: readonly unknown[]): CollectingLogger;
  warn(...messages: readonly unknown[]): CollectingLogger;
  info(): CollectingLogger;
  debug(): CollectingLogger;
}

/** Keeps warnings and errors, which would otherwise go to the console beside an empty picture. */
function collectingLogger(): { readonly logger: CollectingLogger; readonly complaints: string[] } {
  const complaints: string[] = [];
  const keep = (...messages: readonly unknown[]): CollectingLogger => {
    complaints.push(messages.map(String).join(" "));
    return logger;
  };
  const ignore = (): CollectingLogger => logger;
  const logger: CollectingLogger = { level: () => 0, error: keep, warn: keep, info: ignore, debug: ignore };
  return { logger, complaints };
}
