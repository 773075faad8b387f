import Pipeline
import Registry

/// The first line of a stream of events: what is running, and the format of the lines that follow.
public struct RunHeader: Encodable, Sendable {
    /// The kind of the line.
    public let event = "runStarted"
    /// The format of the lines that follow. Within one format, keys are added and never change their meaning; readers
    /// ignore unknown keys.
    public let format = 1
    /// The pipeline's name.
    public let pipeline: String
    /// The version under which its builds are published.
    public let version: String
    /// The version of edgepipe.
    public let edgepipe = Edgepipe.version

    /// Creates the header of a run of this pipeline.
    public init(_ definition: PipelineDefinition) { (pipeline, version) = (definition.name, definition.version) }
}
