import BinaryIO
import Settings
import SystemPackage

/// The texts that a pipeline was read from: with the environment variables and the model's name, they decide it
/// completely.
package struct PipelineOrigin: Sendable, Equatable {
    /// The text of the pipeline file.
    package let text: String
    /// The imported files in the order in which they were read.
    package let imported: [SettingsFile]
    /// The overrides as `KEY=VALUE`.
    package let overrides: [String]
}
