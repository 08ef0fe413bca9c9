/** Rows by their pair of numbers. Exact: pairs are compared, not hashes. A place is an index into the indexed rows. */
export interface PairIndex {
  /** The place of the first row with the pair; -1 where there is none. */
  readonly first: (a: number, b: number) => number;
  /** The place of the next row with the same pair; -1 after the last. */
  readonly next: (place: number) => number;
}

/**
 * An open-addressing hash index over rows.
 *
 * Memory: 12 to 20 bytes for each indexed row, beside the two arrays that it reads, however large the store is that is
 * joined to it.
 *
 * @param a, b - [rows] the two numbers of every row. @param rows - those to index.
 */
export function pairIndex(a: Int32Array, b: Int32Array, rows: Int32Array): PairIndex {
  let capacity = 16;
  while (capacity < rows.length * 2) capacity *= 2;
  const slots = new Int32Array(capacity).fill(-1);
  const chain = new Int32Array(rows.length).fill(-1);
  const find = (x: number, y: number): number => {
    let slot = mix(x, y) & (capacity - 1);
    for (;;) {
      const at = slots[slot]!;
      if (at < 0 || (a[rows[at]!] === x && b[rows[at]!] === y)) return slot;
      slot = (slot + 1) & (capacity - 1);
    }
  };
  // From the last row to the first, so that a chain begins with its first row.
  for (let at = rows.length - 1; at >= 0; at--) {
    const slot = find(a[rows[at]!]!, b[rows[at]!]!);
    chain[at] = slots[slot]!;
    slots[slot] = at;
  }
  return {
    first: (x, y) => slots[find(x, y)]!,
    next: (place) => chain[place]!,
  };
}

function mix(x: number, y: number): number {
  let hash = Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
