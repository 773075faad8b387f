import Settings
import Yams

/// An entry of a list of steps as its file writes it, before matrices and expressions are written out.
struct StepTemplate {
    var node: Node
    let origin: NodeOrigin

    /// The id as it is written; nil where there is none.
    var id: String? { node["id"]?.scalar?.string }
}
