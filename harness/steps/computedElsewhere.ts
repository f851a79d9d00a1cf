import { UserError } from "../errors.ts";

/** Something was computed elsewhere than on the device: nothing that was found is to be kept. */
export class ComputedElsewhere extends UserError {
  override name = "ComputedElsewhere";
}
