/** Scores that another model gave to rows and to lists of items; all arrays lie in shared memory. */
export interface StoredScores {
  /** Names of the scores. */
  readonly heads: readonly string[];
  /** Scores of the rows themselves. */
  readonly rows?: {
    /** [rows] by head; 0 where there is none. */
    readonly scores: ReadonlyMap<string, Float32Array>;
    /** [rows] 1 where the row has a score. */
    readonly mask: Float32Array;
  };
  /** Unlabelled items beside each row: list i is that of row i. */
  readonly candidates?: ListItems;
  /** Items of each user with their scores. */
  readonly lists?: StoredLists;
}

/** Lists of items with scores, one list a user. */
export interface StoredLists {
  /** [lists] row that gives the list its user and context. */
  readonly rows: Int32Array;
  /** The best items, best first. */
  readonly top?: ListItems;
  /** Items drawn alike. */
  readonly uniform?: ListItems;
}

/** Items of all lists in a fixed width. */
export interface ListItems {
  readonly width: number;
  /** [lists * width] numbers of items, NO_ITEM behind the end of a list. */
  readonly items: Int32Array;
  /** [lists * width] by head. */
  readonly scores: ReadonlyMap<string, Float32Array>;
}

/** How batches draw from stored lists. */
export interface StoredListSpec {
  /** Lists in a batch, >= 1. */
  readonly users: number;
  /** Items drawn from the best ones of each list, in their order. */
  readonly top: number;
  /** How many of the best ones they are drawn from. */
  readonly of: number;
  /** Draws rank r with probability in proportion to exp(-r / this); default: all alike. */
  readonly rankTemperature?: number;
  /** Items taken from those drawn alike; none is among the best `of`. */
  readonly uniform: number;
}
