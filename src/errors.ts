/** Shapes of tensors or arrays that do not fit each other. The caller can fix it. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** A setting, option or argument that breaks a documented rule. Exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Data, a file or a store that breaks its contract. Exit code 3. */
export class DataError extends Error {
  override readonly name = "DataError";
}

/** True for the three errors that are the user's to mend: print the message without a stack. */
export function isUserError(error: unknown): error is ShapeError | ConfigError | DataError {
  return error instanceof ShapeError || error instanceof ConfigError || error instanceof DataError;
}

/** The candidate nearest to `name` by edit distance, for "did you mean ...?"; undefined when none is near. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(Math.max(2, Math.floor(name.length / 2)) + 1, name.length); // sharing no letter is not near
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitute, previous[j]! + 1, row[j - 1]! + 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}
