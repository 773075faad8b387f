import BinaryIO
import Settings
import SystemPackage

/// The texts that a pipeline was read from: with the variables of the environment and the model's name they are all that decides it.
package struct PipelineOrigin: Sendable, Equatable {
    /// Of the pipeline file.
    package let text: String
    /// In the order in which they were met.
    package let imported: [SettingsFile]
    /// `KEY=VALUE`
    package let overrides: [String]
}
