import Settings
import Yams

/// An entry of a list of steps as written in its file, before matrices and expressions are expanded.
struct StepTemplate {
    var node: Node
    let origin: NodeOrigin

    /// The id as it is written; nil if there is none.
    var id: String? { node["id"]?.scalar?.string }
}
