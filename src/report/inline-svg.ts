import { fileName } from "./figure.ts";
import { FONT_FAMILY } from "./plot-theme.ts";

export interface InlineSvgOptions {
  /** Makes the drawing's own ids different from those of other drawings. */
  readonly id: string;
  /** What a screen reader says in place of the drawing; escaped. */
  readonly label: string;
  readonly className: string;
}

/**
 * A drawing as part of a page: one image with one label, so without the labels of its marks, which no reader comes to;
 * its font named once; its ids made its own.
 */
export function inlineSvg(svg: string, { id, label, className }: InlineSvgOptions): string {
  const own = fileName(id);
  return svg
    .replaceAll(/ (?:aria-\w+|role|pointer-events|xmlns:xlink|class)="[^"]*"/g, "")
    .replaceAll(` font-family="${FONT_FAMILY}"`, "")
    .replaceAll(/<path d="M0,0h0v0h0Z"\/>|<path d="" display="none"\/>/g, "")
    .replaceAll(/ id="([^"]+)"/g, ` id="${own}-$1"`)
    .replaceAll(/url\(#([^)]+)\)/g, `url(#${own}-$1)`)
    .replace(
      /^[\s\S]*?<svg/,
      `<svg role="img" aria-label="${label}" font-family="${FONT_FAMILY}"${className === "" ? "" : ` class="${className}"`}`,
    );
}
