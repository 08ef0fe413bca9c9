import { inBatchCases, negativesCases } from "./cases/in-batch-cases.ts";
import { describeContract } from "./loss-contract.ts";

describeContract([...inBatchCases, ...negativesCases]);
