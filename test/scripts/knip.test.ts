import { cp, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, it } from "vitest";
import { projectRoot } from "../../harness/paths.ts";
import { run } from "../../harness/process/run.ts";
import { temporaryFolder } from "../support/temporary.ts";

it("knip finds a file, an export and a package that tests alone use", async () => {
  const folder = await temporaryFolder();
  for (const name of ["harness", "scripts", "test", "knip.ts", "vitest.config.ts", "tsconfig.json", "package.json"]) {
    await cp(path.join(projectRoot, name), path.join(folder, name), { recursive: true });
  }
  await symlink(path.join(projectRoot, "node_modules"), path.join(folder, "node_modules"));
  const edit = async (file: string, change: (text: string) => string): Promise<void> =>
    writeFile(path.join(folder, file), change(await readFile(path.join(folder, file), "utf8").catch(() => "")));
  await edit("harness/planted.ts", () => "export const first = 1;\n");
  await edit("harness/errors.ts", (text) => `${text}export const second = 2;\n`);
  await edit("package.json", (text) => text.replace('"dependencies": {', '"dependencies": { "csv-parse": "7",'));
  await edit("test/planted.test.ts", () => 'import "csv-parse";\nimport { first } from "../../harness/planted.ts";\nimport { second } from "../harness/errors.ts";\nconsole.log(first, second);\n');

  const said = run(process.execPath, [path.join(projectRoot, "node_modules/knip/bin/knip.js"), "--production", "--reporter=json"], { cwd: folder });
  const { output } = await said.then(() => Promise.reject(new Error("knip found nothing")), (error: { output: string }) => error);
  expect(output).toContain('"harness/planted.ts"');
  expect(output).toContain('"second"');
  expect(output).toContain('"csv-parse"');
});
