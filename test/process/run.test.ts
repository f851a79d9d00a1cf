import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ProcessError, run } from "../../harness/process/run.ts";
import { temporaryFolder } from "../support/temporary.ts";

const shell = (script: string, options?: Parameters<typeof run>[2]) => run("sh", ["-c", script], options);

async function isGone(processId: number): Promise<boolean> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      process.kill(processId, 0);
    } catch {
      return true;
    }
    await wait(20);
  }
  return false;
}

describe("run", () => {
  it("gives the output byte for byte", async () => {
    const result = await shell("printf 'a\\n\\nb\\n'; printf 'c' >&2");
    expect(result).toMatchObject({ stdout: "a\n\nb\n", stderr: "c" });
    expect(result.seconds).toBeGreaterThan(0);
  });

  it("keeps the output whole when lines are listened to", async () => {
    const lines: string[] = [];
    const result = await shell("printf 'one\\r\\ntwo\\nthree'; echo bad >&2", { onLine: (line, stream) => lines.push(`${stream} ${line}`) });
    expect(result.stdout).toBe("one\r\ntwo\nthree");
    expect(lines.sort()).toEqual(["stderr bad", "stdout one", "stdout three", "stdout two"]);
  });

  it("reports lines while the program runs, and text within a line", async () => {
    const folder = await temporaryFolder();
    const go = path.join(folder, "go");
    let text = "";
    // The program waits for what the listener does, so this ends only if both are called on time.
    await shell(`echo first; until [ -e ${go}1 ]; do sleep 0.02; done; printf '[1]4.2,'; until [ -e ${go}2 ]; do sleep 0.02; done`, {
      timeoutSeconds: 20,
      onLine: (line) => void (line === "first" && writeFile(`${go}1`, "")),
      onText: (part) => {
        text += part;
        if (text.includes("[1]")) void writeFile(`${go}2`, "");
      },
    });
    expect(text).toBe("first\n[1]4.2,");
  });

  it("names command, exit code and the last 20 lines", async () => {
    const error = await shell("seq 1 30; echo reason >&2; exit 7").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ProcessError);
    const { message } = error as ProcessError;
    expect(message).toMatch(/^sh -c .*\nended with exit code 7; its last lines:\n/s);
    const tail = message.split("its last lines:\n")[1]!.split("\n");
    expect(tail).toHaveLength(20);
    expect(tail).toContain("reason");
    expect(tail).not.toContain("11");
  });

  it("names the signal that ended a program", async () => {
    await expect(shell("kill -SEGV $$")).rejects.toThrow(/was ended by SIGSEGV/);
  });

  it("tells a missing program from a missing folder", async () => {
    await expect(run("no-such-program-here", [])).rejects.toThrow(/no-such-program-here: command not found/);
    await expect(run("sh", [], { cwd: "/no/such/folder" })).rejects.toThrow(/\/no\/such\/folder: there is no such folder/);
  });

  it("passes environment variables, and takes them away", async () => {
    const result = await shell('echo "$GIVEN-${HOME-none}"', { env: { GIVEN: "yes", HOME: undefined } });
    expect(result.stdout).toBe("yes-none\n");
  });

  it("gives no standard input", async () => {
    expect((await run("cat", [])).stdout).toBe("");
  });
});

describe("the end of a process group", () => {
  it("an abort ends grandchildren, also those that ignore SIGTERM", async () => {
    const abort = new AbortController();
    const grandchildren: number[] = [];
    const running = shell("(trap '' TERM; sleep 60 & echo $!; wait) & sleep 60 & echo $!; wait", {
      signal: abort.signal,
      graceSeconds: 0.2,
      onLine: (line) => {
        grandchildren.push(Number(line));
        if (grandchildren.length === 2) abort.abort();
      },
    });
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    expect(grandchildren).toHaveLength(2);
    for (const processId of grandchildren) expect(await isGone(processId)).toBe(true);
  });

  it("one Ctrl-C, heard several times, leaves time for a farewell", async () => {
    const stop = new AbortController();
    let output = "";
    const onText = (text: string): void => {
      output += text;
      if (text !== "ready\n") return;
      stop.abort();
      process.emit("SIGINT");
      process.emit("SIGINT");
    };
    const running = run("sh", ["-c", "trap 'sleep 0.2; echo farewell; exit' TERM; echo ready; while :; do sleep 0.05; done"], { signal: stop.signal, onText });
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    expect(output).toMatch(/farewell\n$/);
  });

  it.runIf(process.platform === "linux").each(["setsid sleep 60 &", "(setsid sleep 60 >/dev/null 2>&1 &) ;"])("an abort ends a grandchild that left the group: %s", async (script) => {
    const abort = new AbortController();
    const folder = await temporaryFolder();
    const file = path.join(folder, "number");
    const running = shell(`${script.replace("setsid sleep 60", `setsid sh -c 'echo $$ > ${file}; exec sleep 60'`)} until [ -s ${file} ]; do sleep 0.02; done; echo; sleep 60`, {
      signal: abort.signal,
      onLine: () => abort.abort(),
    });
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    expect(await isGone(Number(await readFile(file, "utf8")))).toBe(true);
  });

  it("an abort ends a grandchild that let go of the output", async () => {
    const abort = new AbortController();
    let grandchild = 0;
    const running = shell("(trap '' TERM; exec sleep 60) >/dev/null 2>&1 & echo $!; sleep 60", {
      signal: abort.signal,
      onLine: (line) => {
        grandchild = Number(line);
        abort.abort();
      },
    });
    await expect(running).rejects.toMatchObject({ name: "AbortError" });
    expect(await isGone(grandchild)).toBe(true);
  });

  it("a listener that throws ends it, and the error comes through", async () => {
    let processId = 0;
    const running = shell("echo $$; exec sleep 60", {
      onLine: (line) => {
        processId = Number(line);
        throw new Error("no number");
      },
    });
    await expect(running).rejects.toThrow("no number");
    expect(await isGone(processId)).toBe(true);
  });

  it("starts nothing when aborted before", async () => {
    await expect(run("no-such-program-here", [], { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
  });

  it("a timeout is a ProcessError", async () => {
    const running = shell("echo here; sleep 60", { timeoutSeconds: 0.3 });
    await expect(running).rejects.toThrow(ProcessError);
    await expect(running).rejects.toThrow(/not done after 0.3 s; its last lines:\nhere/);
  });

  it("leaves no listeners behind", async () => {
    const count = () => ["SIGINT", "SIGTERM", "SIGHUP", "exit"].map((name) => process.listenerCount(name));
    const before = count();
    await Promise.all([shell("true"), shell("false").catch(() => undefined), run("no-such-program-here", []).catch(() => undefined)]);
    expect(count()).toEqual(before);
  });

  const keeper = fileURLToPath(new URL("keeper.ts", import.meta.url));
  it.each([
    ["exit", undefined, 3],
    ["crash", undefined, 1],
    ["wait", "SIGINT", 0],
    ["wait", "SIGTERM", 0],
  ] as const)("when this program ends (%s %s), its children do", async (ending, signalName, exitCode) => {
    const program = spawn(process.execPath, ["--import", "tsx", keeper, ending], { stdio: ["ignore", "pipe", "ignore"] });
    let output = "";
    program.stdout.on("data", (bytes: Buffer) => {
      output += bytes.toString();
      if (signalName && /^\d+\n$/.test(output)) program.kill(signalName);
    });
    const [code] = (await once(program, "close")) as [number];
    expect(code).toBe(exitCode);
    expect(await isGone(Number.parseInt(output, 10))).toBe(true);
    if (signalName) expect(output).toMatch(/AbortError/);
  });
});
