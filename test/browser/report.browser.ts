import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../cli/run-command.ts";
import { writeSmallAblation } from "../report/small-ablation.ts";
import { writeSmallCascade } from "../run/small-cascade.ts";
import { writeSmallRun } from "../run/small-run.ts";
import { checkPage, NO_FAULTS } from "./check-page.ts";
import { type Browser, openBrowser } from "./devtools.ts";
import { type OpenPage, openPage, type PageLook } from "./open-page.ts";

/** Where the screenshots go: to be looked at by people. */
const SHOTS = process.env.TWINSTILL_SCREENSHOTS ?? join("runs", "browser");

const LOOKS: Readonly<Record<string, PageLook>> = {
  "desktop-light": { width: 1280, height: 900, scheme: "light" },
  "desktop-dark": { width: 1280, height: 900, scheme: "dark" },
  "phone-light": { width: 390, height: 844, scheme: "light" },
  "phone-dark": { width: 390, height: 844, scheme: "dark" },
};

let browser: Browser;
let folder: string;
const at = (name: string): string => join(folder, name);

/** Reports of what there is: one run, two runs, a cascade, an ablation, a run that has hardly begun. */
const REPORTS = ["run", "runs", "cascade", "ablation", "unfinished"];

beforeAll(async () => {
  browser = await openBrowser();
  mkdirSync(SHOTS, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), "twinstill-browser-reports-"));
  const command = async (...args: string[]): Promise<void> => {
    const { code, err } = await runCommand([...args, "--quiet"]);
    if (code !== 0) throw new Error(`${args.join(" ")}: ${err}`);
  };
  const config = writeSmallRun(folder);
  const logged = ["--set", "train.diagnose.every=2", "--set", "evaluate.monitor={metric: recall@5}"];
  await command("train", "--config", config, "--out", at("a"), ...logged);
  await command(
    "train",
    "--config",
    config,
    "--out",
    at("b"),
    "--set",
    "distill=[]",
    "--set",
    "student.losses=[{kind: binary-cross-entropy, label: good}]",
  );
  await command("cascade", "--config", await writeSmallCascade(at("world")), "--out", at("c"));
  await runCommand(["train", "--config", config, "--out", at("d"), "--set", "train.epochs=100"], (text, signal) => {
    if (text.includes("initial weights")) signal("SIGINT");
  });
  await command("report", at("a"), "--out", at("run"));
  await command("report", at("a"), at("b"), "--out", at("runs"));
  await command("report", at("c"), "--out", at("cascade"));
  await command("report", await writeSmallAblation(config, at("e")), "--out", at("ablation"));
  await command("report", at("d"), "--out", at("unfinished"));
});
afterAll(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

async function withPage<T>(report: string, look: PageLook, use: (page: OpenPage) => Promise<T>): Promise<T> {
  const page = await openPage(browser, join(at(report), "index.html"), look);
  try {
    return await use(page);
  } finally {
    await page.close();
  }
}

describe.each(REPORTS)("the report of: %s", (report) => {
  it.each(Object.entries(LOOKS))(
    "%s: readable, nothing over the edge, no complaint, no request",
    async (name, look) => {
      await withPage(report, look, async (page) => {
        await page.screenshot(join(SHOTS, `${report}-${name}.png`));
        expect(await checkPage(page)).toEqual(NO_FAULTS);
        expect(page.complaints).toEqual([]);
        expect(page.requests).toEqual([]);
      });
    },
  );

  it("tells a screen reader its language, title, landmarks, headings in order, tables and pictures", async () => {
    await withPage(report, LOOKS["desktop-light"]!, async (page) => {
      expect(await page.evaluate("document.documentElement.lang")).toBe("en");
      expect(await page.evaluate<string>("document.title")).toMatch(/^(Run|2 runs:|Ablation) /);
      const nodes = await page.accessible();
      const roles = nodes.map(({ role }) => role);
      for (const landmark of ["banner", "navigation", "main", "contentinfo"])
        expect(roles.filter((role) => role === landmark)).toEqual([landmark]);
      const levels = nodes.filter(({ role }) => role === "heading").map(({ level }) => level!);
      expect(levels[0]).toBe(1);
      expect(levels.filter((level) => level === 1)).toHaveLength(1);
      expect(levels.slice(1).every((level, i) => level <= levels[i]! + 1)).toBe(true);
      const named = nodes.filter(({ role }) => ["table", "image", "img", "region"].includes(role));
      expect(named.length).toBeGreaterThan(3);
      expect(named.filter(({ name }) => name === "")).toEqual([]);
    });
  });
});

describe("the page by keyboard", () => {
  it("offers to skip the contents first, and scrolls tables that are too wide", async () => {
    await withPage("runs", LOOKS["phone-light"]!, async (page) => {
      await page.press("Tab");
      expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
      expect(await page.evaluate("document.activeElement.getBoundingClientRect().left >= 0")).toBe(true);
      const wide = await page.evaluate<number[]>(
        "[...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.tabIndex)",
      );
      expect(wide.length).toBeGreaterThan(0);
      expect(wide.every((index) => index === 0)).toBe(true);
    });
  });
});

describe("the checks themselves", () => {
  it("find what is wrong", async () => {
    await withPage("unfinished", LOOKS["phone-light"]!, async (page) => {
      await page.evaluate(`document.querySelector("main").insertAdjacentHTML("beforeend", \`
        <p style="color:#999">too pale</p><p style="width:900px">too wide</p><p id="s1">twice</p><a href="#none">nowhere</a>
        <table><tbody><tr><td>bare</td></tr></tbody></table>
        <figure><svg viewBox="0 0 1000 100"><text y="50" font-size="12" fill="#222222">tiny</text></svg><figcaption></figcaption></figure>\`)`);
      const { wide, contrast, small, ids, links, tables, figures } = await checkPage(page);
      expect(wide).toContain('P "too wide"');
      expect(contrast).toEqual(['P "too pale" 2.85']);
      expect(small[0]).toMatch(/^text "tiny" [34]\.\d px$/);
      expect(ids).toEqual(["s1"]);
      expect(links).toEqual(['A "nowhere"']);
      expect(tables).toEqual(['TABLE "bare"']);
      expect(figures).toEqual(['FIGURE "tiny"']);
      await page.evaluate("console.error('a complaint'); fetch('file:///none').catch(() => {})");
      await expect.poll(() => page.complaints.length).toBeGreaterThan(0);
    });
  });
});
