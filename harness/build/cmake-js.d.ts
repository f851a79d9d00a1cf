/** The part of cmake-js that is used: it composes CMake's command lines (lib/cMake.js). */
declare module "cmake-js" {
  interface CMakeOptions {
    directory: string;
    out: string;
    config: "Release" | "Debug";
    generator: string;
    cCompilerPath: string;
    cppCompilerPath: string;
    cMakeOptions?: Record<string, string>;
    extraCMakeArgs?: string[];
    parallel?: number;
    /** Uses the headers that cmake-js brings along, so that none are downloaded. */
    isNodeApi: true;
    noLog: true;
    [option: string]: unknown;
  }
  class CMake {
    constructor(options: CMakeOptions);
    getConfigureCommand(): Promise<string[]>;
    getBuildCommand(): Promise<(string | number)[]>;
  }
  const cmakeJs: { CMake: typeof CMake };
  export default cmakeJs;
}
