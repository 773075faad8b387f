import TestSupport

/// The bytes of a safetensors file with any header, sound or not.
/// - Parameters:
///   - header: JSON text.
///   - headerByteCount: what the file claims; nil for the truth.
///   - data: bytes of the data section.
func safetensors(_ header: String, claiming headerByteCount: UInt64? = nil, data: Int) -> [UInt8] {
    var file = LittleEndianBytes()
    file.append(headerByteCount ?? UInt64(header.utf8.count))
    return file.bytes + Array(header.utf8) + (0..<data).map { UInt8(truncatingIfNeeded: $0 &* 29 &+ 3) }
}

/// One tensor's entry in a header.
func entry(_ name: String, as dtype: String = "F32", _ shape: [Int], _ offsets: (Int, Int)) -> String {
    #""\#(name)":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":[\#(offsets.0),\#(offsets.1)]}"#
}

func header(_ entries: String...) -> String { "{" + entries.joined(separator: ",") + "}" }

/// A small sound file: two tensors in the header's order, the second one first in the data, and an empty one.
let soundSafetensors = safetensors(
    header(
        #""__metadata__":{"format":"pt"}"#,
        entry("b", as: "BF16", [2, 3], (8, 20)),
        entry("a", [2], (0, 8)),
        entry("empty", [0, 7], (20, 20))
    ),
    data: 20
)
