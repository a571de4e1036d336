# SPDX-License-Identifier: Apache-2.0
# 64-bit ARM from another machine, with Debian's gcc-aarch64-linux-gnu and libc6-dev-arm64-cross:
#     cmake -B build/arm64 -DNETPOL_RUNTIME_ONLY=ON \
#           -DCMAKE_TOOLCHAIN_FILE=cmake/toolchains/aarch64-linux-gnu.cmake
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
