import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { globMatches } from "../../src/data/match-glob.ts";

const matches = (glob: string, path: string): boolean => globMatches(glob.split("/"), path.split("/"));

/** What a glob means, as a regular expression: right, and slow where it backtracks. */
function oracle(glob: string): RegExp {
  const segments = glob.split("/").map((segment) => {
    if (segment === "**") return "(?:[^/]+/)*";
    const literal = segment.replace(/[.+^${}()|[\]\\]/g, "\\$&");
    return `${literal.replaceAll("*", "[^/]*").replaceAll("?", "[^/]")}/`;
  });
  return new RegExp(`^${segments.join("")}$`);
}

describe("globMatches", () => {
  it.each([
    ["*.csv", "a.csv", true],
    ["*.csv", "a.csv.gz", false],
    ["*.csv", "x/a.csv", false],
    ["**/*.csv", "a.csv", true],
    ["**/*.csv", "x/y/a.csv", true],
    ["x/**", "x/y/a.csv", true],
    ["x/**/y/*", "x/y/a", true],
    ["x/**/y/*", "x/z/a", false],
    ["?.csv", "ab.csv", false],
    ["a?*b", "ab", false],
    ["(a|b)+.csv", "(a|b)+.csv", true],
  ])("%s, %s: %s", (glob, path, expected) => {
    expect(matches(glob, path)).toBe(expected);
  });

  it("is what the regular expression says", () => {
    const letters = (...of: readonly string[]) => fc.array(fc.constantFrom(...of), { minLength: 1, maxLength: 6 });
    const segment = fc.oneof(
      fc.constant("**"),
      letters("a", "b", "*", "?")
        .map((all) => all.join(""))
        .filter((text) => !text.includes("**")),
    );
    const glob = fc.array(segment, { minLength: 1, maxLength: 4 }).map((all) => all.join("/"));
    const path = fc
      .array(
        letters("a", "b").map((all) => all.join("")),
        { minLength: 1, maxLength: 4 },
      )
      .map((all) => all.join("/"));
    fc.assert(
      fc.property(glob, path, (pattern, names) => {
        expect(matches(pattern, names)).toBe(oracle(pattern).test(`${names}/`));
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  it("takes no longer for patterns that make regular expressions backtrack", () => {
    const started = performance.now();
    expect(matches(`${"*a".repeat(100)}*b`, "a".repeat(250))).toBe(false);
    expect(matches(`${"**/".repeat(40)}b`, `${"a/".repeat(100)}a`)).toBe(false);
    expect(matches(`${"**/*a*/".repeat(20)}b`, `${"a/".repeat(100)}a`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
