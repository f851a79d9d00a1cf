import { submissionFate, type Fate } from "./fate.ts";

/** A task that is simulated. */
export interface SimulatedTask {
  array: string;
  index: number;
  /** Path of the submission that it belongs to. */
  submission: string;
  fate: Fate;
}

interface Entry extends SimulatedTask {
  state: "PENDING" | "RUNNING" | "ENDED";
  /** When it ends, or may begin again, in milliseconds. */
  at: number;
  node: number;
  runs: number;
}

interface Batch {
  id: number;
  name: string;
  isArray: boolean;
  afterOk: number[];
  afterAny: number[];
  entries: Entry[];
  /** All before it have begun or ended. */
  next: number;
  open: number;
}

/** Milliseconds: of a task, until one that was put back may begin, and between which the controller is away once. */
const times = { task: [1_000, 6_000], back: 3_000, away: [20_000, 35_000] } as const;

/** A Slurm that is not there, as its commands see it. */
export class Simulator {
  /** Calls of each command. */
  readonly calls: Record<string, number> = {};
  readonly #batches: Batch[] = [];
  readonly #free: number[];
  readonly #execute: (task: SimulatedTask) => void;
  readonly #random: () => number;
  #began: number | null = null;

  /** @param execute called when a task is at its end */
  constructor(nodes: number, random: () => number, execute: (task: SimulatedTask) => void) {
    this.#free = Array.from({ length: nodes }, (_, node) => node + 1);
    this.#random = random;
    this.#execute = execute;
  }

  /** What a command prints. @throws Error with what it complains of */
  call(program: string, argv: readonly string[], now: number): string {
    this.calls[program] = (this.calls[program] ?? 0) + 1;
    this.#began ??= now;
    if (now - this.#began > times.away[0] && now - this.#began < times.away[1]) throw new Error(`${program}: error: Unable to contact slurm controller (connect failure)`);
    const option = (name: string): string => argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? "";
    if (program === "sbatch") {
      const id = this.#submit(option("job-name"), option("array"), option("dependency"), argv.at(-1)!);
      // Now and then it is taken, and not said so.
      if (this.#random() < 0.2) throw new Error("sbatch: error: Batch job submission failed: Socket timed out on send/recv operation");
      return `${id}\n`;
    }
    if (program === "squeue") return this.#queue(new Set(option("name").split(",")));
    if (program === "scontrol") return argv.at(-1) === "config" ? "MaxArraySize            = 1001\n" : "PartitionName=simulated Default=YES MaxTime=7-00:00:00 State=UP\n";
    for (const batch of this.#batches) if (argv.includes(String(batch.id))) for (const entry of batch.entries) this.#end(batch, entry);
    return "";
  }

  /** Goes on to a time: tasks end and others begin. */
  tick(now: number): void {
    for (const batch of this.#batches) {
      if (batch.open === 0) continue;
      for (const entry of batch.entries) if (entry.state === "RUNNING" && entry.at <= now) this.#atEnd(batch, entry, now);
      if (!this.#mayBegin(batch)) continue;
      for (const entry of batch.entries.slice(batch.next)) {
        if (this.#free.length === 0) break;
        if (entry.state === "PENDING" && entry.at <= now) Object.assign(entry, { state: "RUNNING", node: this.#free.pop()!, runs: entry.runs + 1, at: now + times.task[0] + this.#random() * (times.task[1] - times.task[0]) });
      }
      while (batch.next < batch.entries.length && batch.entries[batch.next]!.state === "ENDED") batch.next++;
    }
  }

  #submit(name: string, array: string, dependency: string, script: string): number {
    const id = this.#batches.length + 1;
    const count = array === "" ? 1 : Number(array.split("-")[1]) + 1;
    const ids = (kind: string): number[] => (dependency.split(",").find((one) => one.startsWith(`${kind}:`))?.split(":").slice(1) ?? []).map(Number);
    const submission = `${script.slice(0, script.lastIndexOf("/"))}/submission.json`;
    const entries = Array.from({ length: count }, (_, index): Entry => ({ array: name, index, submission, fate: submissionFate(submission, name, this.#random()), state: "PENDING", at: 0, node: 0, runs: 0 }));
    this.#batches.push({ id, name, isArray: array !== "", afterOk: ids("afterok"), afterAny: ids("afterany"), entries, next: 0, open: count });
    return id;
  }

  #queue(names: ReadonlySet<string>): string {
    const lines: string[] = [];
    for (const batch of this.#batches) {
      if (batch.open === 0 || !names.has(batch.name)) continue;
      const reason = this.#mayBegin(batch) ? "Resources" : "Dependency";
      for (const { index, state, node } of batch.entries) {
        if (state !== "ENDED") lines.push([batch.name, batch.id, batch.isArray ? index : "N/A", state, state === "RUNNING" ? `node${node}` : "", "N/A", state === "RUNNING" ? "None" : reason].join("|"));
      }
    }
    return `${lines.join("\n")}\n`;
  }

  #mayBegin({ afterOk, afterAny }: Batch): boolean {
    return [...afterOk, ...afterAny].every((id) => this.#batches[id - 1]!.open === 0);
  }

  #atEnd(batch: Batch, entry: Entry, now: number): void {
    if (entry.fate === "put back" && entry.runs === 1) {
      this.#free.push(entry.node);
      Object.assign(entry, { state: "PENDING", at: now + times.back });
      return;
    }
    this.#execute(entry);
    this.#end(batch, entry);
  }

  #end(batch: Batch, entry: Entry): void {
    if (entry.state === "ENDED") return;
    if (entry.state === "RUNNING") this.#free.push(entry.node);
    entry.state = "ENDED";
    batch.open--;
  }
}
