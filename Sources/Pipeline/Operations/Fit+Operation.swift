import BinaryIO
import DeviceFit
import Foundation
import GGUF
import Quantization
import SystemPackage

extension Operations {
    /// Reads a size such as `3GB` or `512MiB`.
    public static func byteCount(_ text: String) throws -> Int { try ByteSize(ofModel: text).bytes }

    /// The built-in devices, and those of the file that `EDGEPIPE_DEVICES` names.
    package static func catalogue() throws -> DeviceCatalogue {
        let catalogue = try DeviceCatalogue()
        return try ownDevices.map { catalogue.adding(try DeviceFile.devices(in: $0)) } ?? catalogue
    }

    /// The file of devices that the team added, which `EDGEPIPE_DEVICES` names.
    package static var ownDevices: FilePath? {
        guard let path = ProcessInfo.processInfo.environment["EDGEPIPE_DEVICES"], !path.isEmpty else { return nil }
        return FilePath(path)
    }

    /// The devices that match, in the order of the catalogue.
    public static func devices(_ filter: DeviceFilter = DeviceFilter()) throws -> [Device] {
        try catalogue().devices.filter(filter.accepts)
    }

    /// - Parameter system: a version of the device's system, such as 17 or 26.4, which decides what an app may use.
    /// - Throws: `DeviceFitError.unknownDevice`, with near names.
    public static func device(_ id: String, running system: String? = nil) throws -> Device {
        try devices([id], running: system, in: catalogue())[0]
    }

    static func devices(_ ids: [String], running system: String?, in catalogue: DeviceCatalogue) throws -> [Device] {
        let devices = try ids.map { try catalogue.device($0) }
        guard let system else { return devices }
        guard !ids.isEmpty else {
            throw PipelineError.badRequest("--os needs --device: what an app may use depends on the device too.")
        }
        let (limits, version) = (try AppLimits(), try SystemVersion(system))
        return try devices.map { try limits.device($0, running: version) }
    }

    /// Memory, speed, heat and battery of a model on phones, from its header.
    /// - Parameter devices: ids; all of the catalogue where there are none.
    public static func fit(
        _ model: FilePath,
        devices: [String],
        system: String? = nil,
        context: Int?,
        kvType: String,
        batch: Int
    ) throws -> [FitEstimate] {
        let catalogue = try catalogue()
        let file = try GGUFFile(path: model)
        let fileType = try file.reading { try $0.integer("general.file_type") }
        let quantType = fileType.flatMap { UInt32(exactly: $0) }.flatMap(FileType.init(rawValue:))?.name ?? "unknown"
        let profile = try ModelProfile(loadable: file, quantType: quantType)
        if let context, context > profile.contextLength {
            throw PipelineError.badRequest(
                "the model was trained for \(profile.contextLength) tokens of context; \(context) were asked for. "
                    + "Give --context \(profile.contextLength) or less."
            )
        }
        let request = FitRequest(for: profile, context: context, kvType: kvType, batch: batch)
        let named = try Self.devices(devices, running: system, in: catalogue)
        let chosen = devices.isEmpty ? catalogue.devices : named
        let estimator = FitEstimator(catalogue: catalogue)
        return try chosen.map { try estimator.estimate(profile, on: $0, request) }
    }
}

extension BuildQuery {
    /// Takes the options of a command line.
    /// - Throws: `DeviceFitError` for sizes that cannot be read, `PipelineError.badRequest` for an unknown platform.
    public init(ram: String?, platform: String?, maxSize: String?) throws {
        self.init()
        self.ram = try ram.map { try ByteSize(ofModel: $0) }
        self.maxSize = try maxSize.map { try ByteSize(ofModel: $0) }
        self.platform = try platform.map(Platform.init(commandLine:))
    }
}

extension DeviceFilter {
    /// Takes the options of a command line.
    /// - Throws: as `BuildQuery`.
    public init(platform: String?, minRAM: String?, maxRAM: String?) throws {
        self.init()
        self.platform = try platform.map(Platform.init(commandLine:))
        func gibibytes(_ text: String) throws -> Double {
            Double(try ByteSize(ofModel: text).bytes) / ByteSize.gibibyte
        }
        let least = try minRAM.map(gibibytes) ?? 0
        ram = least...max(least, try maxRAM.map(gibibytes) ?? 1024)
    }
}

extension Platform {
    init(commandLine name: String) throws {
        guard let platform = Platform(rawValue: name.lowercased()) else {
            let known = Platform.allCases.map { $0.rawValue }
            throw PipelineError.badRequest("'\(name)' is no platform. \(Spelling.advice(for: name, among: known))")
        }
        self = platform
    }
}
