import { z } from "zod";
import { choice, strict } from "../config-schema.ts";

const count = (least = 1) => z.int().min(least).max(1_000_000);
const weight = z.number();

/** Constants of the simulated cascade; the defaults are those of the reference study. */
export const cascadeConfig = strict({
  seed: z.int().min(0).default(1),
  users: count().default(3000),
  items: count(20).default(1500),
  categories: z.int().min(2).max(200).default(16),
  prices: z.int().min(1).max(50).default(5).describe("Price levels, and levels of purchasing power."),
  ages: z.int().min(1).max(20).default(5),
  cities: z.int().min(1).max(20).default(4).describe("A segment is an age in a city."),
  requests: count().default(24_000),
  days: z.int().min(2).max(60).default(6).describe("The last day is held out."),
  recalled: strict({
    matched: count(0).default(100).describe("By the user's history and popularity."),
    popular: count(0).default(70),
    uniform: count(0).default(30),
  }).prefault({}),
  preRanked: count().default(60),
  exposed: count().default(10),
  coldShare: z
    .number()
    .min(0)
    .lt(1)
    .default(0.15)
    .describe("Items that no request ever shows, though they are in the corpus."),
  policy: choice(["cascade", "uniform"])
    .default("cascade")
    .describe("uniform: all stages pass random items, so that exposure is unbiased."),
  historySize: z
    .number()
    .positive()
    .default(20)
    .describe("Mean of a user's earlier actions, spread over the categories."),
  ctr: strict({
    bias: weight.default(-4.2),
    match: weight.default(1.3),
    attractiveness: weight.default(0.7),
    cross: weight.default(0.9).describe("Of (segment, category, price): only a ranker can see it."),
    taste: weight.default(0.5),
  }).prefault({}),
  cvr: strict({
    bias: weight.default(-2),
    quality: weight.default(0.9),
    priceGap: weight.default(0.6).describe("Loss for each level between purchasing power and price."),
    cross: weight.default(0.6).describe("Of (segment, category)."),
  }).prefault({}),
});

export type CascadeConfig = z.infer<typeof cascadeConfig>;
