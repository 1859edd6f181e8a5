# The crate of this folder as the library accelerate_text. Cargo works in the build tree; one folder can serve
# several build trees (ACCELERATE_CARGO_TARGET_DIR).
find_program(CARGO cargo REQUIRED)
set(ACCELERATE_CARGO_TARGET_DIR ${CMAKE_BINARY_DIR}/cargo CACHE PATH "Where cargo builds the tokenizers crate")

set(accelerate_crate ${CMAKE_CURRENT_LIST_DIR}/crate)
set(accelerate_crate_library ${ACCELERATE_CARGO_TARGET_DIR}/release/libaccelerate_text.a)
file(GLOB accelerate_crate_sources CONFIGURE_DEPENDS ${accelerate_crate}/src/*.rs)
add_custom_command(
  OUTPUT ${accelerate_crate_library}
  COMMAND ${CARGO} build --release --locked --quiet --manifest-path ${accelerate_crate}/Cargo.toml
          --target-dir ${ACCELERATE_CARGO_TARGET_DIR}
  COMMAND ${CMAKE_COMMAND} -E touch ${accelerate_crate_library}
  DEPENDS ${accelerate_crate_sources} ${accelerate_crate}/Cargo.toml ${accelerate_crate}/Cargo.lock
  COMMENT "Building the tokenizers crate"
  VERBATIM)
add_custom_target(accelerate_text_crate DEPENDS ${accelerate_crate_library})
add_library(accelerate_text STATIC IMPORTED GLOBAL)
set_target_properties(accelerate_text PROPERTIES IMPORTED_LOCATION ${accelerate_crate_library})
target_link_libraries(accelerate_text INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
add_dependencies(accelerate_text accelerate_text_crate)

target_link_libraries(accelerate_preprocess PUBLIC accelerate_text)
add_dependencies(accelerate_preprocess accelerate_text_crate)
