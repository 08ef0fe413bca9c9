// Stands in for vitest's describe and it while mutants are tested: tests are collected, to be run once for each mutant.
export { expect } from "vitest";

/** Backends are chosen once, before all mutants. */
export const beforeAll = (): void => {};

export interface Collected {
  readonly name: string;
  readonly run: () => unknown;
}

export const collected: Collected[] = [];
const path: string[] = [];

type Table = readonly (readonly unknown[] | unknown)[];

export const it = Object.assign(
  (name: string, run: () => unknown): void => void collected.push({ name: [...path, name].join(" > "), run }),
  {
    each:
      (table: Table) =>
      (name: string, run: (...values: readonly never[]) => unknown): void =>
        table.forEach((row, i) => {
          const values = (Array.isArray(row) ? row : [row]) as unknown as readonly never[];
          it(`${name} [${i}]`, () => run(...values));
        }),
  },
);

export const describe = Object.assign(
  (name: string, body: () => void): void => {
    path.push(name);
    body();
    path.pop();
  },
  {
    each:
      (table: Table) =>
      (name: string, body: (...values: readonly never[]) => void): void =>
        table.forEach((row) => {
          const values = (Array.isArray(row) ? row : [row]) as unknown as readonly never[];
          describe(name.replace("%s", String(values[0])), () => body(...values));
        }),
  },
);
