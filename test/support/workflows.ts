import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { projectRoot } from "../../harness/paths.ts";

/** What is read of a workflow of GitHub's. */
export interface Workflow {
  text: string;
  content: { on: Record<string, unknown> | string; jobs: Record<string, { steps: { run?: string }[] }> };
}

/** The workflows of .github/workflows, by the names of their files. */
export async function readWorkflows(): Promise<Map<string, Workflow>> {
  const folder = path.join(projectRoot, ".github", "workflows");
  const names = (await readdir(folder)).filter((name) => /\.ya?ml$/.test(name));
  const read = async (name: string): Promise<Workflow> => {
    const text = await readFile(path.join(folder, name), "utf8");
    return { text, content: parse(text) as Workflow["content"] };
  };
  return new Map(await Promise.all(names.map(async (name) => [name, await read(name)] as const)));
}
