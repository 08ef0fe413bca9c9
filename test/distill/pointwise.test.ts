import { pointwiseCases } from "./cases/pointwise-cases.ts";
import { describeContract } from "./loss-contract.ts";

describeContract(pointwiseCases);
