import { pairCases } from "./cases/pair-cases.ts";
import { describeContract } from "./loss-contract.ts";

describeContract(pairCases);
