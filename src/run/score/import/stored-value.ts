import { DataError } from "../../../errors.ts";

/** What imported numbers are. */
export type Holds = "logits" | "probabilities" | "scores" | "ranks";
export const HOLDS = ["logits", "probabilities", "scores", "ranks"] as const satisfies readonly Holds[];

/** The value that a store keeps for an imported number. `where` names it in messages. */
export type ToStored = (value: number, where: () => string) => number;

/**
 * Logits and scores stay as they are, probabilities become logits, ranks become scores that fall with them.
 *
 * The function throws a DataError where a number is none of its kind.
 */
export function storedValue(holds: Holds): ToStored {
  return (value, where) => {
    if (!Number.isFinite(value)) throw new DataError(`${where()}: score must be a finite number, got ${value}`);
    if (holds === "ranks") {
      if (!(Number.isInteger(value) && value >= 1))
        throw new DataError(`${where()}: rank must be a whole number from 1, got ${value}`);
      return -value;
    }
    if (holds !== "probabilities") return value;
    if (!(value > 0 && value < 1))
      throw new DataError(`${where()}: probability must be between 0 and 1, got ${value}; import logits or scores`);
    return Math.log(value) - Math.log1p(-value);
  };
}
