import { listCases } from "./cases/list-cases.ts";
import { describeContract } from "./loss-contract.ts";

describeContract(listCases);
