import { afterEach, describe, expect, it, vi } from "vitest";
import { stopSignal, untilInterrupted } from "../../harness/process/interrupt.ts";

afterEach(() => void vi.restoreAllMocks());

const failed = (): number => 1;
const said: string[] = [];
const complain = (line: string): void => void said.push(line);

describe("a command", () => {
  it.each([["SIGINT", 130, "interrupted"], ["SIGTERM", 143, "terminated"], ["SIGHUP", 129, "terminated"]] as const)("clears up on %s and ends with %d", async (name, code, word) => {
    said.length = 0;
    let cleared = false;
    const before = process.listenerCount(name);
    const task = async (signal: AbortSignal): Promise<number> => {
      expect(stopSignal()).toBe(signal);
      process.emit(name);
      try {
        signal.throwIfAborted();
        return 0;
      } finally {
        cleared = true;
      }
    };
    expect(await untilInterrupted(task, failed, complain)).toBe(code);
    expect({ cleared, said }).toEqual({ cleared: true, said: [word] });
    expect([stopSignal(), process.listenerCount(name)]).toEqual([undefined, before]);
  });

  it("ends at once at the second Ctrl-C, but not at npm's echo of the first", async () => {
    const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
    const now = vi.spyOn(performance, "now").mockReturnValue(1000);
    await untilInterrupted(async () => {
      process.emit("SIGINT");
      now.mockReturnValue(1010);
      process.emit("SIGINT");
      expect(exit).not.toHaveBeenCalled();
      now.mockReturnValue(3000);
      process.emit("SIGTERM");
      return 0;
    }, failed, complain);
    expect(exit.mock.calls).toEqual([[130]]);
  });

  it("that fails by itself says why", async () => {
    expect(await untilInterrupted(() => Promise.reject(new Error("no")), (error) => (error as Error).message.length, complain)).toBe(2);
  });
});
