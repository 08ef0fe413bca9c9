// The table of golden/make_golden.py, written out by hand.
const DAY = 86_400_000;
const JANUARY = Date.UTC(2024, 0, 1);
const days = Array.from({ length: 7 }, (_, day) => JANUARY + day * DAY);

/** What the files that pyarrow wrote hold, as readAll gives it. */
export const PYARROW_ROWS: Readonly<Record<string, unknown[]>> = {
  user: [1n, 2n, 1152921504606846976n, 4n, 5n, 1n, 2n],
  item: ["a", "b", "a", null, "c", "ü", "a"],
  kind: ["x", "y", "x", "x", null, "y", "x"],
  price: [0.5, null, 1.5, 2.5, -3, 4, 5],
  small: [1, 2, 3, 4, 5, 6, 255],
  half: [1.5, 2, 3, 4, 5, 6, 7],
  click: [true, false, null, true, true, false, true],
  at: days,
  day: days,
  tags: [["p", "q"], [], null, ["r"], ["p"], ["q", "q", "s"], ["p"]],
  vector: Array.from({ length: 7 }, (_, i) => [i, i + 0.5]),
};

/** Their column names. */
export const PYARROW_COLUMNS = Object.keys(PYARROW_ROWS);
