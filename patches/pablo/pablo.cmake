# Included by llama.cpp's CMakeLists.txt with -DPABLO_DIR=<this folder>.
if (TARGET ggml-base)
    set(PABLO_GGML ggml-base)
else() # 2024: one library, whose CPU has no buffer types to add to
    set(PABLO_GGML ggml)
endif()

target_sources(${PABLO_GGML} PRIVATE
    ${PABLO_DIR}/pablo.h
    ${PABLO_DIR}/pablo-conf.c
    ${PABLO_DIR}/pablo-conf-lines.c
    ${PABLO_DIR}/pablo-decode.c
    ${PABLO_DIR}/pablo-defects.c
    ${PABLO_DIR}/pablo-encode.c
    ${PABLO_DIR}/pablo-histogram.c
    ${PABLO_DIR}/pablo-reader.c
    ${PABLO_DIR}/pablo-table.c
    ${PABLO_DIR}/pablo-values.c)
if (TARGET ggml-cpu)
    target_sources(ggml-cpu PRIVATE
        ${PABLO_DIR}/pablo-book.c
        ${PABLO_DIR}/pablo-buffer.cpp
        ${PABLO_DIR}/pablo-factor.cpp
        ${PABLO_DIR}/pablo-feedback.cpp
        ${PABLO_DIR}/pablo-gather.cpp
        ${PABLO_DIR}/pablo-kernels.cpp
        ${PABLO_DIR}/pablo-ops.cpp
        ${PABLO_DIR}/pablo-rank.cpp
        ${PABLO_DIR}/pablo-refine.cpp)
    target_sources(llama PRIVATE
        ${PABLO_DIR}/pablo-feedback-model.cpp
        ${PABLO_DIR}/pablo-moments-file.cpp)
endif()
target_sources(llama PRIVATE
    ${PABLO_DIR}/pablo-loader.cpp
    ${PABLO_DIR}/pablo-metadata.cpp
    ${PABLO_DIR}/pablo-quantizer.cpp)

# Only what calls the library is compiled with its headers: everything else is the same object as in upstream's build.
function(pablo_include target)
    foreach(source ${ARGN})
        set_property(SOURCE ${CMAKE_SOURCE_DIR}/${source} TARGET_DIRECTORY ${target} APPEND PROPERTY INCLUDE_DIRECTORIES ${PABLO_DIR})
    endforeach()
endfunction()
if (TARGET ggml-cpu)
    pablo_include(ggml-cpu ggml/src/ggml-cpu/ggml-cpu.cpp ggml/src/ggml-cpu/arch/arm/repack.cpp ggml/src/ggml-cpu/arch/x86/repack.cpp)
    pablo_include(llama src/llama-model-loader.cpp src/llama-quant.cpp)
else()
    pablo_include(ggml ggml.c)
    pablo_include(llama llama.cpp)
endif()

# Everything that links ggml is told of its RPC backend, but only ggml itself asks: without that, a build with it compiles five sources more.
if (TARGET ggml-base)
    get_property(PABLO_TOLD TARGET ggml PROPERTY INTERFACE_COMPILE_DEFINITIONS)
    list(REMOVE_ITEM PABLO_TOLD GGML_USE_RPC)
    set_property(TARGET ggml PROPERTY INTERFACE_COMPILE_DEFINITIONS ${PABLO_TOLD})
endif()

# a searched scale must not depend on whether the compiler fuses multiply and add
if (NOT MSVC)
    set_source_files_properties(${PABLO_DIR}/pablo-encode.c TARGET_DIRECTORY ${PABLO_GGML} PROPERTIES COMPILE_OPTIONS -ffp-contract=off)
endif()

# second moments are collected by a program of the library's own, beside llama-imatrix: only built when it is asked for
if (TARGET ggml-cpu)
    add_executable(llama-moments EXCLUDE_FROM_ALL
        ${PABLO_DIR}/pablo-moments.cpp
        ${PABLO_DIR}/pablo-moments-collector.cpp
        ${PABLO_DIR}/pablo-moments-writer.cpp)
    target_include_directories(llama-moments PRIVATE ${PABLO_DIR})
    target_link_libraries(llama-moments PRIVATE llama-common llama)
    target_compile_features(llama-moments PRIVATE cxx_std_17)
endif()

# the library's own tests: only built when they are asked for
if (TARGET ggml-cpu)
    find_package(Threads REQUIRED)
    add_executable(pablo-test-library EXCLUDE_FROM_ALL ${PABLO_DIR}/test/test-conf.cpp ${PABLO_DIR}/test/test-library.cpp ${PABLO_DIR}/test/test-values.cpp)
    target_link_libraries(pablo-test-library PRIVATE ggml-base Threads::Threads)
    add_executable(pablo-test-kernels EXCLUDE_FROM_ALL ${PABLO_DIR}/test/test-graphs.cpp ${PABLO_DIR}/test/test-kernels.cpp)
    target_link_libraries(pablo-test-kernels PRIVATE ggml)
    add_executable(pablo-test-model EXCLUDE_FROM_ALL ${PABLO_DIR}/test/test-model.cpp
        ${PABLO_DIR}/pablo-feedback-model.cpp ${PABLO_DIR}/pablo-loader.cpp ${PABLO_DIR}/pablo-metadata.cpp
        ${PABLO_DIR}/pablo-moments-file.cpp ${PABLO_DIR}/pablo-quantizer.cpp)
    target_link_libraries(pablo-test-model PRIVATE ggml Threads::Threads)
    add_executable(pablo-test-feedback EXCLUDE_FROM_ALL ${PABLO_DIR}/test/test-codes.cpp ${PABLO_DIR}/test/test-factor.cpp
        ${PABLO_DIR}/test/test-feedback.cpp ${PABLO_DIR}/test/test-moments.cpp
        ${PABLO_DIR}/pablo-feedback-model.cpp ${PABLO_DIR}/pablo-moments-file.cpp ${PABLO_DIR}/pablo-moments-writer.cpp)
    target_link_libraries(pablo-test-feedback PRIVATE ggml Threads::Threads)
    # no test, but a measurement: error feedback's parts beside ggml's own matrix product
    add_executable(pablo-test-speed EXCLUDE_FROM_ALL ${PABLO_DIR}/test/measure-speed.cpp)
    target_link_libraries(pablo-test-speed PRIVATE ggml Threads::Threads)
    foreach(target pablo-test-library pablo-test-kernels pablo-test-model pablo-test-feedback pablo-test-speed)
        target_include_directories(${target} PRIVATE ${PABLO_DIR} ${CMAKE_SOURCE_DIR}/ggml/src ${CMAKE_SOURCE_DIR}/ggml/src/ggml-cpu)
        target_compile_features(${target} PRIVATE cxx_std_17)
    endforeach()
endif()
