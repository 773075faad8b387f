import Foundation
import SystemPackage

extension DeviceCatalogue {
    /// Returns the built-in devices and those of the YAML file that `EDGEPIPE_DEVICES` names.
    /// - Throws: `DeviceFitError`; `FileError` and `SettingsError` for that file.
    public static func configured(
        by environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> DeviceCatalogue {
        let catalogue = try DeviceCatalogue()
        return try ownDevices(by: environment).map { catalogue.adding(try DeviceFile.devices(in: $0)) } ?? catalogue
    }

    /// The file of additional devices; nil if there is none.
    public static func ownDevices(
        by environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> FilePath? {
        guard let path = environment["EDGEPIPE_DEVICES"], !path.isEmpty else { return nil }
        return FilePath(path)
    }
}
