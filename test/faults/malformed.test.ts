import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { UserError } from "../../harness/errors.ts";
import { projectRoot } from "../../harness/paths.ts";
import { fileFields } from "../../harness/steps/registry.ts";
import { loadStudy } from "../../harness/study/find.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { malformedStudy } from "./malformedStudy.ts";
import { faultRow } from "./row.ts";

faultRow("malformed studies, read in this process", 500, async (index, random) => {
  const { what, text } = malformedStudy(index, random);
  const file = path.join(await temporaryFolder(), "s.yaml");
  await writeFile(file, text, "latin1");
  const start = process.cpuUsage();
  const thrown = ((): unknown => {
    try {
      return loadStudy(file, fileFields);
    } catch (error) {
      return error;
    }
  })();
  // Of the processor's time, here and below, since others may use it as well.
  const seconds = process.cpuUsage(start).user / 1e6;
  expect(thrown, `${what}: ${text.slice(0, 200)}`).toBeInstanceOf(UserError);
  expect((thrown as Error).message, what).toMatch(/\S/);
  expect((thrown as Error).message.length, what).toBeLessThan(100_000);
  expect(seconds, what).toBeLessThan(6);
});

faultRow("malformed studies, by the command", 20, async (index, random) => {
  const { what, text } = malformedStudy(index, random);
  const folder = await temporaryFolder();
  const file = path.join(folder, "s.yaml");
  await writeFile(file, text, "latin1");
  // Its peak of memory and its processor time are written by the process itself when it ends.
  const peak = "data:text/javascript,process.on('exit',()=>console.error('peak '+process.resourceUsage().maxRSS+' after '+process.cpuUsage().user))";
  const ended = await promisify(execFile)(process.execPath, ["--import", "tsx", "--import", peak, "scripts/sweep.ts", "--study", file, "--out", path.join(folder, "out")], { cwd: projectRoot }).then(
    ({ stderr }) => ({ code: 0, stderr }),
    (error: { code: number | string; stderr: string }) => error,
  );
  const [kibibytes, microseconds] = /^peak (\d+) after (\d+)$/m.exec(ended.stderr)!.slice(1).map(Number);
  expect({ what, code: ended.code }).toEqual({ what, code: 1 });
  expect(ended.stderr, what).toMatch(/^error: /);
  expect(ended.stderr, what).not.toMatch(/\n {4}at /);
  expect(kibibytes! * 1024, what).toBeLessThan(300e6);
  expect(microseconds! / 1e6, what).toBeLessThan(15);
});
