import { availableParallelism } from "node:os";
import { enoughForBoth } from "../../jobs/runJob.ts";
import { stepRate } from "../../jobs/work.ts";
import { stepNamed } from "../../jobs/stepNamed.ts";
import type { Rate, RateOf } from "../../store/rates.ts";
import type { Target } from "../../steps/step.ts";
import { reportRate } from "../reportRate.ts";
import { type Expected, expectedSeconds } from "./times.ts";
import type { CellTodo, Todo } from "./todo.ts";

/** How long something will take. */
export interface Duration {
  /** Of what is known. */
  seconds: number;
  /** Names of what was never run on this machine, and so is not in `seconds`. */
  unknown: string[];
  /** How many times more or less work there is, at most, than in the run that a part was told from. */
  stretch: number;
}

/** What all steps of a kind do together. */
export interface StepsTogether {
  step: string;
  /** In units of the step's own: of those that evaluate, weights times tokens. */
  work: number;
  time: Duration;
}

/** Node.js, reading and checking the inputs; and of a cell, folders, claims and checks. */
const ownSeconds = { start: 1.2, cell: 0.05 };

/** Tells times from those that are remembered. */
export class Clock {
  readonly #rates: readonly Rate[];
  readonly #on: Target;
  /** Cells of a study ask for much the same. */
  readonly #told = new Map<string, Expected>();

  constructor(rates: readonly Rate[], on: Target) {
    this.#rates = rates;
    this.#on = on;
  }

  /** Of what is done one after the other. */
  of(asked: readonly RateOf[]): Duration {
    return inTurn(asked.map((one) => {
      const name = JSON.stringify(one);
      const told = this.#told.get(name) ?? expectedSeconds(this.#rates, one);
      this.#told.set(name, told);
      const { seconds, stretch } = told;
      return { seconds: seconds ?? 0, unknown: seconds === null ? [one.of] : [], stretch };
    }));
  }

  /** Of one step. */
  ofStep({ planned, makers, amount }: Pick<Todo, "planned" | "makers" | "amount">): Duration {
    return this.of([stepRate(planned, makers, amount, this.#on)]);
  }

  /** Of a cell's steps, of which some go on beside others. */
  ofCell({ todos }: CellTodo): Duration {
    if (todos.length === 0) return inTurn([]);
    const times = todos.map((todo) => ({ step: stepNamed(todo.planned.step), time: this.ofStep(todo) }));
    const all = inTurn(times.map(({ time }) => time));
    const secondsOf = (name: (one: (typeof times)[number]) => boolean): number => inTurn(times.filter(name).map(({ time }) => time)).seconds;
    const hidden = Math.max(availableParallelism(), Number(this.#on.threads)) < enoughForBoth ? 0 : Math.min(secondsOf(({ step }) => step.beside === true), secondsOf(({ step }) => step.name === "evaluate"));
    return { ...all, seconds: all.seconds - hidden + ownSeconds.cell };
  }

  /** Work and time of each kind of step, whatever goes on beside it. */
  bySteps(cells: readonly CellTodo[]): StepsTogether[] {
    const asked = new Map<string, RateOf[]>();
    for (const { planned, makers, amount } of cells.flatMap(({ todos }) => todos)) asked.set(planned.step, [...(asked.get(planned.step) ?? []), stepRate(planned, makers, amount, this.#on)]);
    return [...asked].map(([step, rates]) => ({ step, work: rates.reduce((sum, { work }) => sum + work, 0), time: this.of(rates) }));
  }

  /** Of a whole sweep: its parts, and the harness itself. */
  all(parts: readonly Duration[], cells: readonly unknown[]): Duration {
    return inTurn([...parts, { seconds: ownSeconds.start, unknown: [], stretch: 1 }, { ...this.of([reportRate(cells.length)]), unknown: [], stretch: 1 }]);
  }
}

/** Of things done one after the other. */
export function inTurn(parts: readonly Duration[]): Duration {
  return {
    seconds: parts.reduce((seconds, part) => seconds + part.seconds, 0),
    unknown: [...new Set(parts.flatMap(({ unknown }) => unknown))],
    stretch: parts.reduce((most, { stretch }) => Math.max(most, stretch), 1),
  };
}
