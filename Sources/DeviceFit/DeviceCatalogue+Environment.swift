import Foundation
import SystemPackage

extension DeviceCatalogue {
    /// The built-in devices, and those of the YAML file that `EDGEPIPE_DEVICES` names.
    /// - Throws: `DeviceFitError`; `FileError` and `SettingsError` for that file.
    public static func configured(
        by environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> DeviceCatalogue {
        let catalogue = try DeviceCatalogue()
        guard let path = environment["EDGEPIPE_DEVICES"], !path.isEmpty else { return catalogue }
        return catalogue.adding(try DeviceFile.devices(in: FilePath(path)))
    }
}
