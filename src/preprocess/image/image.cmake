# Image decoding and preprocessing, part of accelerate_preprocess. Included by src/preprocess/CMakeLists.txt.
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(WEBP REQUIRED IMPORTED_TARGET libwebp libwebpdemux)
target_link_libraries(accelerate_preprocess PRIVATE JPEG::JPEG PNG::PNG PkgConfig::WEBP)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set_source_files_properties(${CMAKE_SOURCE_DIR}/src/preprocess/image/resample_kernels_avx2.cpp
    PROPERTIES COMPILE_OPTIONS "-mavx2")
  set_source_files_properties(${CMAKE_SOURCE_DIR}/src/preprocess/image/resample_kernels.cpp
    PROPERTIES COMPILE_DEFINITIONS ACCELERATE_IMAGE_AVX2)
endif()
# The loops are plain C++ for the compiler to vectorise.
set_property(SOURCE ${CMAKE_SOURCE_DIR}/src/preprocess/image/resample_kernels_avx2.cpp
                    ${CMAKE_SOURCE_DIR}/src/preprocess/image/resample_kernels.cpp
             APPEND PROPERTY COMPILE_OPTIONS "-O3")
