import path from "node:path";
import { makeFixture, withBundle, writeFiles, type Fixture } from "../upstream/fixture.ts";

/** A "llama.cpp" of a few lines that CMake builds in a second: `tool` prints its number, with PABLO_DIR the library's, and with GGML_RPC 10 more. */
const sources = {
  "CMakeLists.txt": `cmake_minimum_required(VERSION 3.14)
project(small C)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY \${CMAKE_BINARY_DIR}/bin)
add_executable(tool tool.c)
add_executable(other tool.c)
add_library(no-program STATIC tool.c)
if(GGML_RPC)
  target_compile_definitions(tool PRIVATE RPC=10)
endif()
if(LLAMA_BUILD_TESTS)
  add_executable(test-tool tool.c)
endif()
if(PABLO_DIR)
  target_sources(tool PRIVATE \${PABLO_DIR}/pablo.c)
  target_compile_definitions(tool PRIVATE PABLO)
  add_executable(pablo-test-tool EXCLUDE_FROM_ALL tool.c \${PABLO_DIR}/test/test.c)
  target_compile_definitions(pablo-test-tool PRIVATE PABLO)
endif()
`,
  "tool.c": `#include <stdio.h>
#ifdef PABLO
int pablo(void);
#else
static int pablo(void) { return 1; }
#endif
#ifndef RPC
#define RPC 0
#endif
int main(void) { printf("%d\\n", pablo() + RPC); return 0; }
`,
};

/** A project whose release is that source, with a library that returns 2 and a test of it that returns 6. */
export async function buildFixture(): Promise<Fixture> {
  const fixture = await withBundle(await makeFixture(sources));
  await writeFiles(path.join(fixture.project.root, "patches/pablo"), {
    "pablo.c": "int pablo(void) { return 2; }\n",
    "test/test.c": "int pablo(void) { return 6; }\n",
  });
  return fixture;
}

/** A patch for {@link buildFixture}'s release. */
const basePatch = `From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
From: A <a@example.org>
Date: Mon, 6 May 2024 07:08:09 +0200
Subject: Return three

diff --git a/tool.c b/tool.c
--- a/tool.c
+++ b/tool.c
@@ -2,6 +2,6 @@
 #ifdef PABLO
 int pablo(void);
 #else
-static int pablo(void) { return 1; }
+static int pablo(void) { return 3; }
 #endif
 #ifndef RPC
`;

/** Adds {@link basePatch} to a project. */
export async function addBasePatch(root: string): Promise<void> {
  await writeFiles(root, { [path.join("patches/b1/base", ".patches")]: "return_three.patch\n", "patches/b1/base/return_three.patch": basePatch });
}
