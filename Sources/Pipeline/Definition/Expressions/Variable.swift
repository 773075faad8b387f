import BinaryIO
import Settings
import Yams

/// A variable of a pipeline file or of an imported file.
struct Variable {
    let name: String
    /// The value: a scalar, which may contain other variables.
    var node: Node
    let origin: NodeOrigin

    /// Reads the variables of a `vars` mapping; reports invalid ones.
    static func variables(_ node: Node, _ origin: NodeOrigin) -> [Variable] {
        guard let mapping = node.mapping else {
            origin.log.report("'vars' must be a mapping from names to values.", at: node)
            return []
        }
        return mapping.compactMap { key, value in
            let name = key.string ?? ""
            guard Expression.isName(name) else {
                origin.log.report("the variable '\(name)' may hold letters, digits, '-' and '_' only.", at: key)
                return nil
            }
            guard value.scalar != nil else {
                origin.log.report("the variable '\(name)' must be a text, a number or a truth value.", at: value)
                return nil
            }
            return Variable(name: name, node: value, origin: origin)
        }
    }
}
