# Audio decoding, resampling and feature extraction, part of accelerate_preprocess. Included by src/preprocess/CMakeLists.txt.
find_package(PkgConfig REQUIRED)
pkg_check_modules(SNDFILE REQUIRED IMPORTED_TARGET sndfile)
pkg_check_modules(SOXR REQUIRED IMPORTED_TARGET soxr)
target_link_libraries(accelerate_preprocess PRIVATE PkgConfig::SNDFILE PkgConfig::SOXR)
