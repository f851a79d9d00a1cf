import { UserError } from "../errors.ts";
import { type BackendName, backendNames } from "../study/backendNames.ts";

/**
 * The backend that is asked for: by an option, else by the study, which knows what it is about, else by `QUANTFLEX_BACKEND`,
 * which is the machine's; else this machine's processor.
 *
 * @throws UserError when the variable names none
 */
export function askedBackend(given: BackendName | undefined, study?: BackendName): BackendName {
  const machine = process.env["QUANTFLEX_BACKEND"] || undefined;
  const asked = given ?? study ?? machine ?? "native";
  if (isBackend(asked)) return asked;
  throw new UserError(`QUANTFLEX_BACKEND=${asked} is no backend; there are ${backendNames.join(", ")}`);
}

function isBackend(name: string): name is BackendName {
  return (backendNames as readonly string[]).includes(name);
}
