import type { SweepEvent } from "../sweep/events.ts";

/**
 * Progress as plain lines, for logs: every note, step and end, and within a step a line now and then.
 *
 * @param print takes one line
 * @param now milliseconds, for tests
 * @param pause milliseconds between two lines about the same step
 */
export function plainProgress(print: (line: string) => void, now: () => number = Date.now, pause = 2000): (event: SweepEvent) => void {
  const last = new Map<string, { step: string; at: number }>();
  const due = (subject: string, step: string): boolean => {
    const before = last.get(subject);
    if (before?.step === step && now() - before.at < pause) return false;
    last.set(subject, { step, at: now() });
    return true;
  };
  return (event) => {
    switch (event.kind) {
      case "note":
        return print(event.text);
      case "build":
        if (due("build", event.fraction === undefined ? event.text : "percent")) print(`build: ${buildText(event)}`);
        return;
      case "prepare":
        if (due("prepare", event.text.replace(/:.*/, ""))) print(buildText(event));
        return;
      case "plan": {
        const stored = event.cells.filter((cell) => cell.stored).length;
        return print(`${event.cells.length} cells, ${stored} of them already stored`);
      }
      case "cell":
        if (due(event.name, event.step)) print(cellText(event));
        return;
      case "done":
        return print(`cell ${event.position}: ${event.name}: ${event.outcome === "failed" ? "FAILED: " : ""}${event.text}`);
    }
  };
}

/** A cell's progress in one line: position, name, step, percent, and what is done. */
export function cellText({ position, name, step, text, fraction }: SweepEvent & { kind: "cell" }): string {
  return `cell ${position}: ${name}: ${step}${percent(fraction)}, ${text}`;
}

/** The progress of the build, or of what cells share, in one line. */
export function buildText({ text, fraction }: SweepEvent & { kind: "build" | "prepare" }): string {
  return `${text}${text.includes("%") ? "" : percent(fraction)}`;
}

function percent(fraction: number | undefined): string {
  return fraction === undefined ? "" : ` ${Math.floor(100 * fraction)} %`;
}
