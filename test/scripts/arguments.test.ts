import { expect, it } from "vitest";
import { readArguments } from "../../scripts/arguments.ts";

const read = (...given: string[]) => readArguments(["release", "folder"], "USAGE", given);

it("a script's options and arguments stay the texts that they are", () => {
  expect(read("new-release", "1e3", "--release", "007", "--folder=x y")).toEqual({ help: false, options: { release: "007", folder: "x y" }, positional: ["new-release", "1e3"] });
});

it.each([
  [["--folder"], "--folder needs one value. USAGE"],
  [["--folder", "--release", "b1"], "--folder needs one value. USAGE"],
  [["--no-folder"], "--folder needs one value. USAGE"],
  [["--folder", "a", "--folder", "b"], "--folder needs one value. USAGE"],
  [["export", "--foldr", "x", "-q"], "There is no option --foldr, -q. USAGE"],
])("%j is refused", (given, message) => {
  expect(() => read(...given)).toThrow(message);
});

it.each([[["export", "--help"]], [["-h", "--nonsense"]], [["--folder", "--help"]]])("%j asks for help", (given) => {
  expect(read(...given).help).toBe(true);
});
