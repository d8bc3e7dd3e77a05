// Checkpoints and .npz files that are damaged, that lie, or that belong to another model.
#include <cmath>
#include <filesystem>
#include <limits>

#include "serialization/formats/npy.h"
#include "serialization/state/checkpoint.pb.h"
#include "serialization/state/checkpoint_layout.h"
#include "tests/errors/bad_input.h"

namespace plgraph {
namespace {

constexpr int kDamaged = 1;
constexpr int kDoesNotFit = 2;

using Bytes = std::function<std::string()>;

std::string Sound() { return TextOf(EncodeCheckpoint(SoundCheckpoint())); }

// A file that `eval` is to take its parameters from.
BadInput File(const std::string& name, int exit_code, const std::string& message, const Bytes& bytes) {
  return {.name = "Checkpoint" + name,
          .command = Words("eval small.pbtxt --checkpoint bad.ckpt"),
          .exit_code = exit_code,
          .messages = {"bad.ckpt", message},
          .prepare = [bytes](const TempFolder& folder) { folder.Write("bad.ckpt", bytes()); }};
}

std::vector<BadInput> Damaged() {
  return {
      File("Empty", kDoesNotFit, "neither a checkpoint of plgraph nor an .npz file",
           [] { return std::string(); }),
      File("CutInItsMagic", kDoesNotFit, "neither a checkpoint", [] { return Sound().substr(0, 5); }),
      File("CutBeforeItsHeader", kDamaged, "the file is cut: expected 28 bytes, found 20",
           [] { return Sound().substr(0, 20); }),
      File("CutInItsHeader", kDamaged, "the file is cut: expected", [] { return Sound().substr(0, 100); }),
      File("CutInATensor", kDamaged, "the file is cut: expected", [] { return Sound().substr(0, 1000); }),
      File("CutByOneByte", kDamaged, "the file is cut: expected",
           [] { return Sound().substr(0, Sound().size() - 1); }),
      File("OfAnotherKind", kDoesNotFit, "neither a checkpoint",
           [] { return std::string("GIF89a, a picture"); }),
      File("FlippedInItsMagic", kDoesNotFit, "neither a checkpoint", [] { return Flipped(Sound(), 3); }),
      File("FlippedInItsHeader", kDamaged, "the file is damaged: the header has checksum",
           [] { return Flipped(Sound(), 40); }),
      File("FlippedInATensor", kDamaged, "the file is damaged: tensor \"eta.1\" has checksum",
           [] { return Flipped(Sound(), -1); }),
      File("FlippedBetweenTensors", kDamaged, "the zeros before tensor \"w.1\" are not zero",
           [] { return Flipped(Sound(), -1157); }),
      File("WithMoreBehind", kDamaged, "something follows the last tensor", [] { return Sound() + "x"; }),
      File("OfALaterVersion", kDamaged,
           "a checkpoint of version 2; this program reads version 1: a later plgraph wrote it",
           [] { return WithNumber(Sound(), 8, 2); }),
      File("OfVersion0", kDamaged, "a checkpoint of version 0; this program reads version 1",
           [] { return WithNumber(Sound(), 8, 0); }),
      File("WithAHugeHeader", kDamaged, "the file is cut: expected",
           [] { return WithNumber(Sound(), 20, 0xFFFFFFFF); }),
  };
}

// A sound file but for its header, under a checksum that is right.
Bytes Lying(const std::function<void(CheckpointHeader& header)>& tell) {
  return [tell] {
    const std::vector<std::byte> sound = EncodeCheckpoint(SoundCheckpoint());
    const Frame frame = OpenFrame(sound, kCheckpointKind, "sound");
    CheckpointHeader header;
    ParseHeader(frame, header, "sound");
    tell(header);
    return TextOf(MakeFrame(kCheckpointKind, header.SerializeAsString())) +
           TextOf(std::span(sound).subspan(frame.end));
  };
}

std::vector<BadInput> Lies() {
  return {
      File("LiesAboutAShape", kDamaged, "the impossible shape [4611686018427387904, 12]",
           Lying([](auto& header) { header.mutable_tensor(0)->set_shape(0, std::int64_t{1} << 62); })),
      File("LiesAboutASize", kDamaged, "takes 576 bytes, but has 1099511627776",
           Lying([](auto& header) { header.mutable_tensor(0)->set_size(std::uint64_t{1} << 40); })),
      File("LiesAboutAPlace", kDamaged, "tensor \"w\" is at 1099511627776; expected",
           Lying([](auto& header) { header.mutable_tensor(0)->set_offset(std::uint64_t{1} << 40); })),
      File("LiesAboutAType", kDamaged, "takes 1152 bytes, but has 576",
           Lying([](auto& header) { header.mutable_tensor(0)->set_type(TensorEntry::DOUBLE); })),
      File("HoldsANameTwice", kDamaged, "tensor \"w\" is there twice",
           Lying([](auto& header) { header.mutable_tensor(1)->set_name("w"); })),
      File("HoldsAnotherName", kDamaged, "the fingerprint of the parameters",
           Lying([](auto& header) { header.mutable_tensor(1)->set_name("b"); })),
  };
}

Bytes Changed(const std::function<void(NamedTensors& parameters)>& change) {
  return [change] {
    Checkpoint checkpoint = SoundCheckpoint();
    change(checkpoint.parameters);
    return TextOf(EncodeCheckpoint(checkpoint));
  };
}

Bytes WithEta(float value) {
  return Changed([value](auto& parameters) { parameters[2].tensor = Tensor({}, std::vector<float>{value}); });
}

std::vector<BadInput> OfAnotherModel() {
  return {
      File("OfAnotherShape", kDoesNotFit,
           "other shape  parameter \"eta\" has shape [1], but the model's has []",
           Changed([](auto& parameters) { parameters[2].tensor = Tensor({1}, std::vector<float>{1}); })),
      File("LacksAParameter", kDoesNotFit, "missing      parameter \"eta\" []",
           Changed([](auto& parameters) { parameters.erase(parameters.begin() + 2); })),
      File("HasOneMore", kDoesNotFit, "left over    parameter \"more\" []", Changed([](auto& parameters) {
             parameters.push_back({"more", Tensor({}, std::vector<float>{1})});
           })),
      File("HoldsNan", kDoesNotFit, "not finite   parameter \"eta\": 1 of 1 numbers are not finite",
           WithEta(NAN)),
      File("HoldsInfinity", kDoesNotFit, "not finite   parameter \"eta\"", WithEta(INFINITY)),
      File("HoldsNothing", kDoesNotFit, "0 of the model's 4 tensors match",
           Changed([](auto& parameters) { parameters.clear(); })),
  };
}

std::vector<BadInput> Archives() {
  const auto sound = [] { return TextOf(EncodeNpz(SoundCheckpoint().parameters)); };
  return {
      File("ArchiveCut", kDamaged, "not a zip archive (.npz), or cut",
           [sound] { return sound().substr(0, sound().size() - 30); }),
      File("ArchiveFlipped", kDamaged, "member \"w.npy\" is damaged: it has checksum",
           [sound] { return Flipped(sound(), 300); }),
      File("ArchiveOfNothing", kDoesNotFit, "0 of the model's 4 tensors match",
           [] { return TextOf(EncodeNpz({})); }),
      File("ArchiveGarbage", kDamaged, "not a zip archive", [] { return "PK\3\4" + std::string(200, 'x'); }),
  };
}

std::vector<BadInput> NotAFile() {
  const auto row = [](const std::string& name, int exit_code, const std::string& message,
                      const auto& prepare) {
    return BadInput{.name = "Checkpoint" + name,
                    .command = Words("eval small.pbtxt --checkpoint bad.ckpt"),
                    .exit_code = exit_code,
                    .messages = {message},
                    .prepare = prepare};
  };
  return {
      row("Missing", 2, "bad.ckpt: no such file", [](const TempFolder&) {}),
      row("IsAFolder", 1, "bad.ckpt: cannot read: Is a directory",
          [](const TempFolder& folder) { std::filesystem::create_directory(folder.Path("bad.ckpt")); }),
      row("IsALinkToNowhere", 2, "bad.ckpt: no such file",
          [](const TempFolder& folder) {
            std::filesystem::create_symlink("nowhere", folder.Path("bad.ckpt"));
          }),
      row("IsALinkToItself", 1, "bad.ckpt: cannot look up: Too many levels of symbolic links",
          [](const TempFolder& folder) {
            std::filesystem::create_symlink("bad.ckpt", folder.Path("bad.ckpt"));
          }),
      row("IsAPlan", 2, "neither a checkpoint",
          [](const TempFolder& folder) {
            std::filesystem::copy(folder.Path("good.plan"), folder.Path("bad.ckpt"));
          }),
  };
}

std::vector<BadInput> Looks() {
  const auto row = [](const std::string& name, const std::string& command, const std::string& message,
                      const Bytes& bytes) {
    return BadInput{.name = name,
                    .command = Words(command),
                    .exit_code = kDamaged,
                    .messages = {message},
                    .prepare = [bytes](const TempFolder& folder) { folder.Write("bad.ckpt", bytes()); }};
  };
  return {
      row("ShowOfADamagedOne", "checkpoint show bad.ckpt", "tensor \"eta.1\" has checksum",
          [] { return Flipped(Sound(), -1); }),
      row("ExportOfADamagedOne", "checkpoint export bad.ckpt w.npz", "tensor \"eta.1\" has checksum",
          [] { return Flipped(Sound(), -1); }),
      row("VerifyOfADamagedOne", "checkpoint verify bad.ckpt", "the file is damaged: 1 of 10 tensors",
          [] { return Flipped(Sound(), -1); }),
      row("VerifyOfACutOne", "checkpoint verify bad.ckpt", "the file is damaged: 9 of 10 tensors",
          [] { return Sound().substr(0, 1200); }),
      row("VerifyOfADamagedHeader", "checkpoint verify bad.ckpt", "the header has checksum",
          [] { return Flipped(Sound(), 40); }),
      row("VerifyOfWhatIsNone", "checkpoint verify small.pbtxt", "not a checkpoint: it does not start with",
          [] { return std::string(); }),
      row("ExportIntoNoFolder", "checkpoint export bad.ckpt none/w.npz", "none/w.npz", Sound),
      row("ExportIntoAReadOnlyFolder", "checkpoint export bad.ckpt /proc/w.npz", "/proc/w.npz", Sound),
  };
}

}  // namespace

std::vector<BadInput> BadCheckpoints() {
  std::vector<BadInput> rows;
  for (const auto& part : {Damaged(), Lies(), OfAnotherModel(), Archives(), NotAFile(), Looks()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

}  // namespace plgraph
