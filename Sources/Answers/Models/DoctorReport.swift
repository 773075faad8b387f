import BinaryIO
import BlockFormats
import DeviceFit
import Foundation
import Inference
import ModelHub
import Registry
import SystemPackage

/// The facts about an installation that help with support.
public struct DoctorReport: Codable, Sendable {
    /// The result of one check.
    public struct Line: Codable, Sendable {
        /// What was checked.
        public var topic: String
        /// What was found.
        public var finding: String
        /// Whether the finding needs no attention.
        public var isFine: Bool
    }

    /// The version of edgepipe.
    public var version: String
    /// The checks, the most interesting first.
    public var lines: [Line]
    /// Whether no finding needs attention.
    public var isFine: Bool { lines.allSatisfy { $0.isFine } }
}

extension DoctorReport {
    /// Checks this machine, and a registry if there is one.
    public init(registry: FilePath) {
        let process = ProcessInfo.processInfo
        var lines: [DoctorReport.Line] = []
        func add(_ topic: String, _ finding: String, isFine: Bool = true) {
            lines.append(.init(topic: topic, finding: finding, isFine: isFine))
        }
        add("system", process.operatingSystemVersionString)
        add("processors", "\(process.activeProcessorCount)")
        add("memory", "\(ByteSize(bytes: Int(process.physicalMemory)))")
        do {
            add(
                "kernels",
                "\(try Kernels.selected().rawValue), of \(Kernels.available.map { $0.rawValue }.joined(separator: ", "))"
            )
        } catch {
            add("kernels", "\(error)", isFine: false)
        }
        let folder = registry.removingLastComponent()
        if let free = freeDiskBytes(at: folder.isEmpty ? "." : folder) {
            add("free disk", "\(ByteSize(bytes: free)) beside the registry", isFine: free > 1 << 30)
        }
        add("Hugging Face cache", "\(HubCache().folder)")
        do {
            add("devices", "\(try DeviceCatalogue.configured().devices.count) in the catalogue")
        } catch {
            add("devices", "\(error)", isFine: false)
        }
        let (finding, isFine) = Self.registryFinding(registry)
        add("registry", finding, isFine: isFine)
        self.init(version: Edgepipe.version, lines: lines)
    }

    private static func registryFinding(_ path: FilePath) -> (String, isFine: Bool) {
        guard FileStatus(path) != nil else { return ("\(path): none yet; the first run makes it", true) }
        do {
            let report = try RegistryCare.verify(path, readData: false) { _, _, _ in }
            let builds = try RegistrySession.with(path) { try $0.builds().count }
            guard report.isSound else {
                return ("\(path): damaged in \(report.damages.count) places; see `edgepipe registry verify`", false)
            }
            return ("\(path): sound, \(builds) builds, \(report.leftovers.count) leftovers", true)
        } catch {
            return ("\(error)", false)
        }
    }
}
