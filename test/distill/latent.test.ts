import { latentCases, ordinalCases } from "./cases/latent-cases.ts";
import { describeContract } from "./loss-contract.ts";

describeContract([...latentCases, ...ordinalCases]);
