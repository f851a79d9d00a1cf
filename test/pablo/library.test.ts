import { describe } from "vitest";
import { programTests } from "./programs.ts";

describe("on this machine", () => programTests());
