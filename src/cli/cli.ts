import { Argument, Command, CommanderError, Option } from "commander";
import { DataError, isUserError } from "../errors.ts";
import { refusedTensor } from "../memory-limit.ts";
import { ExitCode, type Io } from "./io.ts";
import { packageVersion } from "./package-version.ts";

/** Options that every command which computes has. */
export interface CommonOptions {
  readonly device: "auto" | "gpu" | "native" | "wasm" | "cpu";
  readonly quiet?: true;
  readonly json?: true;
  readonly verbose?: true;
}

/**
 * Runs one command line. Never exits and never reads the process: what it needs comes in as arguments.
 *
 * @returns the exit code: 0, 1 (our bug), 2 (configuration), 3 (data), 130/143 (stopped by a signal).
 */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  let code: number = ExitCode.ok;
  const program = buildProgram(io, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.config;
    return reportError(error, io);
  }
}

function reportError(error: unknown, io: Io): number {
  if (isUserError(error)) {
    io.err(`twinstill: ${error.message}\n`);
    return error instanceof DataError ? ExitCode.data : ExitCode.config;
  }
  const refused = refusedTensor(error);
  if (refused !== undefined) {
    io.err(
      `twinstill: memory ran out, with ${refused}; make batches, lists or tables smaller, or use a machine with more memory\n`,
    );
    return ExitCode.config;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.err(`twinstill: this is a bug in twinstill ${packageVersion()}; please report it with the text below\n${text}\n`);
  return ExitCode.bug;
}

function buildProgram(io: Io, finish: (code: number) => void): Command {
  const program = new Command("twinstill")
    .description("Distil a ranking model into a two-tower retriever and ship it.")
    .version(packageVersion())
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showHelpAfterError("(twinstill --help lists the commands)");
  const withRuntime = (command: Command): Command =>
    command
      .addOption(
        new Option("--device <rung>", "tensor runtime to use")
          .choices(["auto", "gpu", "native", "wasm", "cpu"])
          .default("auto"),
      )
      .option("--json", "print the result as one JSON object on the last line")
      .option("--quiet", "print the result alone")
      .option("--verbose", "let TensorFlow's own messages through");

  withRuntime(
    program
      .command("train")
      .description("train the models of a configuration")
      .requiredOption("--config <file>", "YAML file of the run")
      .requiredOption("--out <folder>", "run folder to make")
      .option("--set <path=value...>", "change a setting; may be given several times")
      .option("--seed <n>", "seed, in place of the configuration's")
      .option("--pause-after <epochs>", "stop with a checkpoint after that many epochs; --resume goes on")
      .option("--resume", "go on with the run in the folder"),
  ).action(async (options) => finish(await (await import("./train-command.ts")).trainCommand(options, io)));

  withRuntime(
    program
      .command("evaluate")
      .description("measure a run's best checkpoint on a part of the data")
      .requiredOption("--run <folder>", "run folder")
      .option("--part <part>", "validation or test", "test")
      .option("--permute <column...>", "exchange the values of a feature among the rows, one column at a time")
      .option("--repeats <n>", "permutations of each column", "3")
      .option("--seed <n>", "seed of the permutations", "1"),
  ).action(async (options) => finish(await (await import("./evaluate-command.ts")).evaluateCommand(options, io)));

  withRuntime(
    program
      .command("embed")
      .description("write user and item vectors of a run's student as Parquet")
      .requiredOption("--run <folder>", "run folder")
      .requiredOption("--out <folder>", "folder to write users.parquet and items.parquet to"),
  ).action(async (options) => finish(await (await import("./embed-command.ts")).embedCommand(options, io)));

  withRuntime(
    program
      .command("ablate")
      .description("run variants of a configuration over seeds, and compare them with the base")
      .requiredOption("--config <file>", "YAML file of the ablation")
      .requiredOption("--out <folder>", "folder for the runs and the table")
      .option("--jobs <n>", "processes at a time", "1")
      .option("--dry-run", "print the runs and about how long they take"),
  ).action(async (options) => finish(await (await import("./ablate-command.ts")).ablateCommand(options, io)));

  withRuntime(
    program
      .command("score")
      .description("write a trained model's scores of a part of the data into a score store")
      .option("--config <file>", "YAML file whose data and score blocks say what is scored")
      .requiredOption("--teacher <folder>", "run folder of the model that scores")
      .option("--data <part>", "part of the data whose rows are scored: train, validation, test, history")
      .option("--out <folder>", "folder of the store")
      .addOption(new Option("--stdin <format>", "score rows that come on stdin, in place of --data").choices(["arrow"]))
      .addOption(
        new Option("--stdout <format>", "write rows with scores to stdout, in place of --out").choices(["arrow"]),
      )
      .addOption(new Option("--model <model>", "which model of the run").choices(["teacher", "student"]))
      .option("--set <path=value...>", "change a setting; may be given several times")
      .option("--shard <i/n>", "do every n-th shard from the i-th on, beside n - 1 other jobs")
      .option("--resume", "go on with the store in the folder"),
  ).action(async (options) => finish(await (await import("./score-command.ts")).scoreCommand(options, io)));

  program
    .command("import")
    .description("make a score store of another ranker's scores")
    .requiredOption("--config <file>", "YAML file of the data that the scores are of")
    .requiredOption("--out <folder>", "folder of the store")
    .option("--column <name>", "column of the scores: of --file, or of the data's own files")
    .option("--file <file>", "table with a user, an item and a score in each row, or lines of JSON")
    .addOption(
      new Option("--format <format>", "what the file is").choices(["table", "flag-embedding"]).default("table"),
    )
    .option("--user <name>", "column of the table's users; default: that of the data")
    .option("--item <name>", "column of the table's items; default: that of the data")
    .addOption(
      new Option("--holds <what>", "what the numbers are")
        .choices(["logits", "probabilities", "scores", "ranks"])
        .default("logits"),
    )
    .option("--head <name>", "name of the scores in the store", "score")
    .option("--ranker <name>", "who gave the scores, for messages", "another ranker")
    .option("--set <path=value...>", "change a setting; may be given several times")
    .option("--resume", "go on with the store in the folder")
    .option("--json", "print the result as one JSON object")
    .action(async (options) => finish(await (await import("./import-command.ts")).importCommand(options, io)));

  withRuntime(
    program
      .command("distill")
      .description("train a student on the scores of a store")
      .requiredOption("--config <file>", "YAML file of the student's run")
      .option("--scores <folder>", "score store, in place of the configuration's")
      .requiredOption("--out <folder>", "run folder to make")
      .option("--set <path=value...>", "change a setting; may be given several times")
      .option("--seed <n>", "seed, in place of the configuration's")
      .option("--resume", "go on with the run in the folder"),
  ).action(async (options) => finish(await (await import("./distill-command.ts")).distillCommand(options, io)));

  withRuntime(
    program
      .command("cascade")
      .description("train the stages of a cascade over several sample spaces, each stage by the next (RankFlow)")
      .requiredOption("--config <file>", "YAML file of the cascade")
      .requiredOption("--out <folder>", "run folder to make")
      .option("--set <path=value...>", "change a setting; may be given several times")
      .option("--seed <n>", "seed, in place of the configuration's")
      .option("--resume", "go on with the run in the folder"),
  ).action(async (options) => finish(await (await import("./cascade-command.ts")).cascadeCommand(options, io)));

  withRuntime(
    program
      .command("line")
      .description("run the steps of a line: teachers, their scores, students; what is finished is not run again")
      .requiredOption("--config <file>", "YAML file of the line")
      .requiredOption("--out <folder>", "folder for runs, stores and the table")
      .option("--days <first..last>", "days to run the steps for, in place of the line's")
      .option("--seed <n>", "seed of every step, in place of the configurations'"),
  ).action(async (options) => finish(await (await import("./line-command.ts")).lineCommand(options, io)));

  withRuntime(
    program
      .command("check")
      .description(
        "look for leaks in a configuration's data, or verify a score store: checksums, keys, ranges, a sample",
      )
      .option("--scores <folder>", "score store; without it, the configuration is searched for leaks")
      .option("--config <file>", "YAML file of the run, or of the data that were scored and of the student")
      .option("--set <path=value...>", "change a setting; may be given several times")
      .option("--teacher <folder>", "run folder of the teacher, to score a sample again; needs --config")
      .option("--sample <n>", "pairs of each section that are scored again", "1000"),
  ).action(async (options) => finish(await (await import("./check-command.ts")).checkCommand(options, io)));

  withRuntime(
    program
      .command("demo")
      .description("train four models on InstEval and show what distillation does")
      .option("--out <folder>", "folder for the runs; default: a new one under runs/")
      .option("--seed <n>", "seed of the runs", "1"),
  ).action(async (options) => finish(await (await import("./demo-command.ts")).demoCommand(options, io)));

  withRuntime(
    program
      .command("report")
      .description("write a page, a model card, figures and tables on one run or several")
      .argument("<run...>", "run folders")
      .option("--out <folder>", "folder to write to; default: report/ in the first run")
      .option("--different-data", "report over runs on different data too"),
  ).action(async (runs, options) =>
    finish(await (await import("./report-command.ts")).reportCommand(runs, options, io)),
  );

  withRuntime(
    program
      .command("profile")
      .description("say where the time of a configuration's training step goes, by op")
      .requiredOption("--config <file>", "YAML file of the run")
      .option("--set <path=value...>", "change a setting; may be given several times")
      .option("--steps <n>", "steps to time", "20")
      .option("--out <file>", "JSON file to write every op's shapes and time to"),
  ).action(async (options) => finish(await (await import("./profile-command.ts")).profileCommand(options, io)));

  program
    .command("explain")
    .description("print every setting of a configuration and where it comes from")
    .argument("<config>", "YAML file of a run, a cascade, an ablation or a line, or a run folder")
    .option("--set <path=value...>", "change a setting")
    .action(async (file, options) =>
      finish(await (await import("./explain-command.ts")).explainCommand(file, options, io)),
    );
  program
    .command("compare")
    .description("print how runs differ in settings and results")
    .argument("<run...>", "run folders")
    .option("--json", "print one JSON object")
    .action(async (runs, options) =>
      finish(await (await import("./compare-command.ts")).compareCommand(runs, options, io)),
    );

  program
    .command("dataset")
    .description("fetch a public data set and write it as Parquet; nothing of it is part of twinstill")
    .addArgument(new Argument("<name>", "which one").choices(["ml-100k"]))
    .requiredOption("--out <folder>", "folder to write to; the examples read examples/data/ml-100k")
    .option("--accept-licence", "you have read the licence that the command shows, and agree to it")
    .action(async (name, options) =>
      finish(await (await import("./dataset-command.ts")).datasetCommand(name, options, io)),
    );

  const simulate = program.command("simulate").description("data with known truth");
  simulate
    .command("cascade")
    .description("users, items and the log of a recall - pre-rank - rank cascade, as Parquet")
    .requiredOption("--out <folder>", "folder to write to")
    .option("--set <path=value...>", "change a constant: users=10000, ctr.cross=0")
    .option("--seed <n>", "seed of the world")
    .option("--json", "print the report as one JSON object")
    .option("--quiet", "print the report alone")
    .action(async (options) => finish(await (await import("./simulate-command.ts")).simulateCommand(options, io)));

  const runtime = program.command("runtime").description("the native tensor runtime");
  runtime
    .command("install")
    .description("fetch and build the native runtime, once a machine")
    .addOption(
      new Option("--variant <variant>", "CPU or CUDA build; auto looks for an NVIDIA GPU")
        .choices(["auto", "cpu", "cuda"])
        .default("auto"),
    )
    .option("--if-missing", "only where no native runtime loads; a failure is told and the next best runtime named")
    .action(async (options) => finish(await (await import("./runtime-command.ts")).installCommand(options, io)));
  runtime
    .command("doctor")
    .description("say which runtimes can be used, and what would mend the others")
    .action(async () => finish(await (await import("./runtime-command.ts")).doctorCommand(io)));
  return program;
}
