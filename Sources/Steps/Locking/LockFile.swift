import BinaryIO
import Foundation
import Pipeline
import Settings
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// `edgepipe.lock`: the inputs and products of the pipeline files in a folder, one entry for each.
///
/// The format is YAML in one spelling: sorted keys, one value per line, digests as `sha256:...`, and three dots as the
/// last line. A file without them is truncated. So the same facts give the same bytes, and a change appears as the
/// lines that it affects.
package struct LockFile: Sendable, Equatable {
    /// The file's name, beside the pipeline file.
    package static let name = "edgepipe.lock"
    /// Increased whenever older programs would misread the format.
    static let format = 1
    /// The largest accepted file, in bytes. A pipeline of a thousand steps takes a quarter of a megabyte.
    static let sizeLimit = 16 << 20

    /// The entries by the pipeline file's name, followed by `#` and the model's name if the file has several.
    package var entries: [String: PipelineLock] = [:]

    package init() {}

    /// Returns the path of a pipeline's lock.
    static func path(of definition: PipelineDefinition) -> FilePath { definition.folder.appending(name) }

    /// Returns the key of a pipeline's entry.
    static func key(of definition: PipelineDefinition) -> String {
        let file = definition.path.lastComponent?.string ?? ""
        return definition.model.map { "\(file)#\($0)" } ?? file
    }

    /// The file's text.
    package var text: String {
        var lines = [
            "# What the pipelines of this folder read and made. Written by `edgepipe lock` and `edgepipe run`; commit it.",
            "format: \(Self.format)",
        ]
        if !entries.isEmpty { lines.append("pipelines:") }
        func key(_ text: String, _ depth: Int) -> String {
            String(repeating: "  ", count: depth) + YAMLText.scalar(text) + ":"
        }
        func files(_ files: [String: SHA256Digest], _ depth: Int) {
            for (name, digest) in files.sorted(by: { $0.key < $1.key }) {
                lines.append("\(key(name, depth)) \(Self.prefix)\(digest)")
            }
        }
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
            lines.append(key(name, 1))
            lines.append("    edgepipe: \(YAMLText.quoted(entry.edgepipe))")
            if !entry.sources.isEmpty { lines.append("    sources:") }
            for (name, source) in entry.sources.sorted(by: { $0.key < $1.key }) {
                lines.append(key(name, 3) + (source.revision == nil && source.files.isEmpty ? " {}" : ""))
                if let revision = source.revision { lines.append("        revision: \(YAMLText.quoted(revision))") }
                if !source.files.isEmpty { lines.append("        files:") }
                files(source.files, 5)
            }
            if !entry.inputs.isEmpty { lines.append("    inputs:") }
            files(entry.inputs, 3)
            if !entry.nodes.isEmpty { lines.append("    steps:") }
            for (name, node) in entry.nodes.sorted(by: { $0.key < $1.key }) {
                lines.append(key(name, 3))
                lines.append("        settings: \(Self.prefix)\(node.settings)")
                if !node.files.isEmpty { lines.append("        files:") }
                files(node.files, 5)
            }
        }
        return (lines + [Self.end, ""]).joined(separator: "\n")
    }

    /// The prefix of a digest's digits.
    static let prefix = "sha256:"
    /// The last line.
    static let end = "..."

    /// Puts the entry of one pipeline into the file at a path, and keeps the other entries.
    /// - Returns: whether the file changed.
    /// - Throws: `FileError`, `SettingsError`.
    static func update(_ path: FilePath, _ name: String, with entry: PipelineLock) throws -> Bool {
        // Runs of two files in the folder may end at the same time. On file systems without such locks, one update may
        // be lost.
        let folder = path.removingLastComponent()
        let descriptor = try? FileDescriptor.open(folder.isEmpty ? "." : folder, .readOnly)
        defer { try? descriptor?.close() }
        if let descriptor { while flock(descriptor.rawValue, LOCK_EX) != 0, errno == EINTR {} }
        var file = try LockFile(ifThereAt: path) ?? LockFile()
        guard file.entries[name] != entry else { return false }
        file.entries[name] = entry
        try writeFile(file.text.utf8, to: path)
        return true
    }
}
