import BinaryIO
import SystemPackage

/// A step that knows its inputs and is ready to run. One file a kind, in the order of the flow.
protocol Stage {
    var key: StepKey { get }
    func run(_ context: StageContext) throws -> StepProduct
}

/// What a stage may use while it runs.
struct StageContext {
    /// Where the stage's files go; a stage that writes any makes it.
    let folder: FilePath
    let threads: Int
    /// Told what somebody should know although all goes well.
    let remark: @Sendable (String) -> Void
    /// Told what is being worked on and how far it is; throws when the user wants to stop.
    let progress: @Sendable (_ detail: String, _ done: Int, _ total: Int) throws -> Void
}
