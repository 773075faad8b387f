import Pipeline
import Registry

/// The first line of a stream of events: what runs, and by which rules the lines that follow are to be read.
public struct RunHeader: Encodable, Sendable {
    /// Tells the line from events.
    public let event = "runStarted"
    /// Of the lines that follow. Within one format keys are added and never change their meaning; readers pass over what they do not
    /// know.
    public let format = 1
    /// The pipeline's name.
    public let pipeline: String
    /// The version that its builds are published under.
    public let version: String
    /// The program's version.
    public let edgepipe = Edgepipe.version

    /// The header of a run of this pipeline.
    public init(_ definition: PipelineDefinition) { (pipeline, version) = (definition.name, definition.version) }
}
