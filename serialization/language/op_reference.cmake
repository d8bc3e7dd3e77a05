# Puts the .proto files, with their comments, into the program: `plgraph ops` prints the language from them.
set(LANGUAGE_DESCRIPTORS ${CMAKE_BINARY_DIR}/generated/serialization/language.desc)
set(LANGUAGE_SOURCE ${CMAKE_BINARY_DIR}/generated/serialization/language_descriptors.cc)
set(LANGUAGE_PROTOS serialization/language/ops.proto serialization/language/model.proto)

file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated/serialization)

add_custom_command(
  OUTPUT ${LANGUAGE_DESCRIPTORS}
  COMMAND protobuf::protoc --include_source_info --descriptor_set_out=${LANGUAGE_DESCRIPTORS}
          -I ${CMAKE_SOURCE_DIR} ${LANGUAGE_PROTOS}
  DEPENDS ${CMAKE_SOURCE_DIR}/serialization/language/ops.proto ${CMAKE_SOURCE_DIR}/serialization/language/model.proto
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  COMMENT "Describing the language"
  VERBATIM)

add_custom_command(
  OUTPUT ${LANGUAGE_SOURCE}
  COMMAND ${CMAKE_COMMAND} -DINPUT=${LANGUAGE_DESCRIPTORS} -DOUTPUT=${LANGUAGE_SOURCE}
          -P ${CMAKE_SOURCE_DIR}/serialization/language/embed.cmake
  DEPENDS ${LANGUAGE_DESCRIPTORS} ${CMAKE_SOURCE_DIR}/serialization/language/embed.cmake
  VERBATIM)

target_sources(plgraph_serialization PRIVATE ${LANGUAGE_SOURCE})
