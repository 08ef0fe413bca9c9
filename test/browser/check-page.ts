import { readFileSync } from "node:fs";
import type { OpenPage } from "./open-page.ts";

/** What is wrong with a page; lists of places, empty where all is well. */
export interface PageFaults {
  /** Reaches over the right edge. */
  readonly wide: readonly string[];
  /** Text with a contrast to its ground below 4.5 (WCAG 2.2, 1.4.3). */
  readonly contrast: readonly string[];
  /** Text in a drawing that is shown with less than 8 pixels. */
  readonly small: readonly string[];
  /** Ids that two elements have. */
  readonly ids: readonly string[];
  /** Links within the page that lead nowhere. */
  readonly links: readonly string[];
  /** Tables without a caption, or with headings that do not say what they head. */
  readonly tables: readonly string[];
  /** Figures without a caption, or with a drawing that has no text in its place. */
  readonly figures: readonly string[];
}

export const NO_FAULTS: PageFaults = {
  wide: [],
  contrast: [],
  small: [],
  ids: [],
  links: [],
  tables: [],
  figures: [],
};

const CHECKS = readFileSync(new URL("./page-checks.js", import.meta.url), "utf8");

/** Opens what is folded, and looks for faults. */
export async function checkPage(page: OpenPage): Promise<PageFaults> {
  await page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");
  return page.evaluate<PageFaults>(CHECKS);
}
