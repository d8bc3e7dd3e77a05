# cmake -DINPUT=<file> -DOUTPUT=<file.cc> -P embed.cmake: writes the bytes of a file as a C++ array.
file(READ ${INPUT} HEX_DIGITS HEX)
string(REGEX REPLACE "(..)" "0x\\1," BYTES "${HEX_DIGITS}")
file(WRITE ${OUTPUT} "#include \"serialization/language/language_descriptors.h\"

namespace plgraph {
namespace {
constexpr unsigned char kBytes[] = {${BYTES}};
}  // namespace

std::string_view LanguageDescriptors() { return {reinterpret_cast<const char*>(kBytes), sizeof(kBytes)}; }
}  // namespace plgraph
")
