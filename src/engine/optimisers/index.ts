import { type AdagradOptions, adagrad, adagradDefaults, rowWiseAdagrad, tableAdagrad } from "./adagrad.ts";
import { type AdamOptions, adam, adamDefaults, lazyAdam } from "./adam.ts";
import { adamw } from "./adamw.ts";
import { momentum } from "./momentum.ts";
import type { DenseRule, TableRule } from "./rule.ts";
import { sgd, tableSgd } from "./sgd.ts";

export type DenseOptimiser =
  | { readonly kind: "sgd" }
  | { readonly kind: "momentum"; readonly momentum?: number; readonly nesterov?: boolean }
  | ({ readonly kind: "adam" } & Partial<AdamOptions>)
  | ({ readonly kind: "adamw"; readonly weightDecay: number } & Partial<AdamOptions>)
  | ({ readonly kind: "adagrad" } & Partial<AdagradOptions>);

export type TableOptimiser =
  | { readonly kind: "sgd" }
  | ({ readonly kind: "adagrad" } & Partial<AdagradOptions>)
  | ({ readonly kind: "row-wise-adagrad" } & Partial<AdagradOptions>)
  | ({ readonly kind: "lazy-adam" } & Partial<AdamOptions>);

/** How the parameters of one group move. Rates are inputs of each step, not settings. */
export interface Optimiser {
  /** For dense parameters and for tables with `update: "dense"`. */
  readonly dense: DenseOptimiser;
  /** For tables with `update: "rows"`. */
  readonly table: TableOptimiser;
  /** The group's gradients are scaled down together when their joint Euclidean norm exceeds this. */
  readonly clipNorm?: number;
  /** Adds l2 * p to the gradient of every dense parameter and dense table (not to rows-updated tables). */
  readonly l2?: number;
}

export function denseRule(optimiser: DenseOptimiser): DenseRule {
  switch (optimiser.kind) {
    case "sgd":
      return sgd;
    case "momentum":
      return momentum({ momentum: optimiser.momentum ?? 0.9, nesterov: optimiser.nesterov ?? false });
    case "adam":
      return adam({ ...adamDefaults, ...optimiser });
    case "adamw":
      return adamw({ ...adamDefaults, ...optimiser });
    case "adagrad":
      return adagrad({ ...adagradDefaults, ...optimiser });
  }
}

export function tableRule(optimiser: TableOptimiser): TableRule {
  switch (optimiser.kind) {
    case "sgd":
      return tableSgd;
    case "adagrad":
      return tableAdagrad({ ...adagradDefaults, ...optimiser });
    case "row-wise-adagrad":
      return rowWiseAdagrad({ ...adagradDefaults, ...optimiser });
    case "lazy-adam":
      return lazyAdam({ ...adamDefaults, ...optimiser });
  }
}
