import type { CheckResult, RegressReport, Verdict } from "../types.ts";

const words: Record<Verdict, string> = { holds: "holds", warned: "holds, with a warning", regressed: "REGRESSED", undecided: "could not be decided" };
const mostDetails = 20;

/** The report as Markdown, for a job's summary or a pull request. */
export function markdown(report: RegressReport): string {
  const { release, verdict, fault, checks, compiler, cpu, trees, threads, models, seconds } = report;
  const rows = checks.map(({ name, verdict: one, figure, seconds: time }) => `| ${name} | ${words[one]} | ${cell(figure)} | ${time.toFixed(0)} |`);
  return [
    `# llama.cpp ${release}, patched against upstream: ${words[verdict]}`,
    "",
    ...(fault === null ? [] : ["```", fault, "```", ""]),
    "| check | verdict | figure | seconds |",
    "|---|---|---|--:|",
    ...rows,
    "",
    ...checks.flatMap(section),
    "## What was compared",
    "",
    `- trees: upstream ${code(trees.upstream)}, patched ${code(trees.patched)}`,
    `- compiler: ${compiler ?? "none was needed"}`,
    `- processor: ${cpu ?? "any"}, ${threads} threads`,
    `- models: ${models.join(", ") || "none"}`,
    `- ${report.date}, ${seconds.toFixed(0)} s`,
    "",
  ].join("\n");
}

function section({ name, title, details }: CheckResult): string[] {
  if (details.length === 0) return [];
  const rest = details.length - mostDetails;
  return [
    `## ${name}`,
    "",
    title,
    "",
    ...details.slice(0, mostDetails).map((line) => `- ${line.replace(/\s*\n\s*/g, "; ").replace(/[<>]/g, (sign) => (sign === "<" ? "&lt;" : "&gt;"))}`),
    ...(rest > 0 ? [`- and ${rest} more; regress.json has them all`] : []),
    "",
  ];
}

function cell(text: string): string {
  return text.replace(/\|/g, "\\|").replace(/\s+/g, " ");
}

function code(text: string | null): string {
  return text === null ? "not built" : `\`${text}\``;
}
