import { sortingCases } from "./cases/sorting-cases.ts";
import { describeContract } from "./loss-contract.ts";

describeContract(sortingCases);
