import { cascadeCases } from "./cases/cascade-cases.ts";
import { sortingCases } from "./cases/sorting-cases.ts";
import { describeContract } from "./loss-contract.ts";

describeContract([...sortingCases, ...cascadeCases]);
