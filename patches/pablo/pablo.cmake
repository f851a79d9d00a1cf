# Included by llama.cpp's CMakeLists.txt with -DPABLO_DIR=<this folder>.
target_sources(ggml-base PRIVATE
    ${PABLO_DIR}/pablo.h
    ${PABLO_DIR}/pablo-conf.c
    ${PABLO_DIR}/pablo-decode.c
    ${PABLO_DIR}/pablo-encode.c
    ${PABLO_DIR}/pablo-histogram.c
    ${PABLO_DIR}/pablo-table.c)
target_sources(ggml-cpu PRIVATE
    ${PABLO_DIR}/pablo-cpu.cpp
    ${PABLO_DIR}/pablo-kernels.cpp)
target_sources(llama PRIVATE
    ${PABLO_DIR}/pablo-loader.cpp
    ${PABLO_DIR}/pablo-metadata.cpp
    ${PABLO_DIR}/pablo-quantizer.cpp)
foreach(target ggml-base ggml-cpu llama)
    target_include_directories(${target} PRIVATE ${PABLO_DIR})
endforeach()
