import BinaryIO
import Settings
import Yams

/// Replaces the expressions of a pipeline file by their values.
///
/// A scalar that consists of one expression takes the type of the value, also a number or a truth value; any other
/// scalar becomes a text. Values are looked up once and never parsed for further expressions, except for variables,
/// which may name others. The size of the result is bounded, whatever aliases and variables multiply.
final class ExpressionResolver {
    /// The most bytes of text that expressions may insert into one definition.
    private static let mostText = 1 << 20
    /// The most nodes of a definition, with aliases and matrices expanded.
    private static let mostNodes = 1 << 20
    /// The longest chain of variables that refer to each other.
    static let mostVariables = 32

    private static let scopes = ["vars", "env", "matrix", "model"]

    private let variables: [String: Variable]
    private let environment: [String: String]
    /// The model of the definition; nil if the file has one without a name.
    private let model: String?
    /// The environment variables that were used.
    private(set) var usedEnvironment: [String: String] = [:]
    private var values: [String: Node.Scalar?] = [:]
    /// The variables that are being looked up, the outermost first.
    private var path: [String] = []
    private var textLeft = mostText
    private var nodesLeft = mostNodes

    init(_ variables: [Variable], environment: [String: String], model: String?) {
        // The importing file overrides the imported ones.
        self.variables = Dictionary(variables.map { ($0.name, $0) }) { $1 }
        (self.environment, self.model) = (environment, model)
        for name in self.variables.keys.sorted() { _ = variable(name) }
    }

    /// Returns the node with values in place of its expressions; an expression without a value is reported and left
    /// unchanged.
    /// - Parameter matrix: the values of the step's combination; nil outside of matrices.
    func resolve(_ node: Node, _ origin: NodeOrigin, matrix: MatrixCombination? = nil) -> Node {
        nodesLeft -= 1
        guard nodesLeft >= 0 else {
            if nodesLeft == -1 {
                let message =
                    "the file has more than \(Self.mostNodes) values once aliases and matrices are written out. Shorten it."
                origin.log.report(message, at: node)
            }
            return node
        }
        switch node {
        case .scalar(let scalar):
            guard Expression.isIn(scalar.string) else { return node }
            return resolve(scalar, node, origin, matrix).map(Node.scalar) ?? node
        case .sequence(let sequence):
            let nodes = sequence.map { resolve($0, origin, matrix: matrix) }
            return .sequence(Node.Sequence(nodes, sequence.tag, sequence.style, sequence.mark))
        case .mapping(let mapping):
            let pairs = mapping.map { (resolve($0, origin, matrix: matrix), resolve($1, origin, matrix: matrix)) }
            var keys: Set<String> = []
            for (key, _) in pairs {
                guard let name = key.scalar?.string, !keys.insert(name).inserted else { continue }
                origin.log.report("the key '\(name)' appears twice. Give it once.", at: key)
            }
            return .mapping(Node.Mapping(pairs, mapping.tag, mapping.style, mapping.mark))
        case .alias:
            return node
        }
    }

    /// - Returns: nil after an error, which is reported.
    private func resolve(
        _ scalar: Node.Scalar,
        _ node: Node,
        _ origin: NodeOrigin,
        _ matrix: MatrixCombination?
    ) -> Node.Scalar? {
        let pieces: [Expression.Piece]
        do { pieces = try Expression.pieces(of: scalar.string) } catch {
            origin.settle(error.message, at: node, part: error.source)
            return nil
        }
        var text = ""
        for piece in pieces {
            guard case .expression(let expression) = piece else {
                if case .text(let words) = piece { text += words }
                continue
            }
            let value: Node.Scalar
            do { value = try self.value(of: expression, matrix) } catch {
                // An invalid variable is reported at its definition.
                if let message = error.message {
                    origin.settle(message, at: node, part: expression.source)
                } else {
                    origin.log.settle(at: node)
                }
                return nil
            }
            if pieces.count == 1 { return Node.Scalar(value.string, value.tag, value.style, scalar.mark) }
            text += Node.scalar(value).isNull ? "" : value.string
            guard text.utf8.count <= textLeft else { break }
        }
        textLeft -= text.utf8.count
        guard textLeft >= 0 else {
            origin.settle(
                "the expressions of the file stand for more than \(Self.mostText) bytes. Shorten the variables.",
                at: node,
                part: scalar.string
            )
            return nil
        }
        return Node.Scalar(text, .implicit, .doubleQuoted, scalar.mark)
    }

    /// Why an expression has no value.
    private struct Failure: Error {
        /// The message; nil if it was already reported.
        let message: String?
    }

    private func value(of expression: Expression, _ matrix: MatrixCombination?) throws(Failure) -> Node.Scalar {
        let name = expression.name
        switch expression.scope {
        case "vars":
            guard variables[name] != nil else {
                let known = variables.keys.sorted()
                let advice = known.isEmpty ? "Add it to 'vars'." : Spelling.advice(for: name, among: known)
                throw Failure(message: "there is no variable '\(name)'. \(advice)")
            }
            guard path.count < Self.mostVariables else {
                throw Failure(
                    message:
                        "variables lead to each other more than \(Self.mostVariables) times in a row. Shorten the chain."
                )
            }
            guard !path.contains(name) else {
                let circle = (path.drop { $0 != name } + [name]).joined(separator: ", ")
                throw Failure(message: "the variables go in a circle: \(circle). Give one of them a value.")
            }
            guard let value = variable(name) else { throw Failure(message: nil) }
            return value
        case "env":
            guard let value = environment[name] else {
                let guess = Spelling.nearest(to: name, in: Array(environment.keys))
                let advice = guess.map { "Did you mean '\($0)'?" } ?? "Set it, or use a variable of the file."
                throw Failure(message: "the environment has no variable '\(name)'. \(advice)")
            }
            usedEnvironment[name] = value
            return Node.Scalar(value, .implicit, .doubleQuoted)
        case "matrix":
            guard let matrix else {
                throw Failure(
                    message:
                        "'\(expression.source)' is known inside of a step with a 'matrix' only. Add one to the step."
                )
            }
            guard let value = matrix[name] else {
                throw Failure(
                    message: "the step's matrix has no '\(name)'. \(Spelling.advice(for: name, among: matrix.names))"
                )
            }
            return value
        case "model":
            guard name == "name" else {
                throw Failure(message: "of a model only the name is known. Write ${{ model.name }}.")
            }
            guard let model else {
                throw Failure(
                    message: "'\(expression.source)' is known in files with several 'models' only. Write the name out."
                )
            }
            return Node.Scalar(model, .implicit, .doubleQuoted)
        default:
            throw Failure(
                message:
                    "'\(expression.scope)' holds no values. \(Spelling.advice(for: expression.scope, among: Self.scopes))"
            )
        }
    }

    /// Returns the value of an existing variable; nil if it is invalid, which is reported.
    private func variable(_ name: String) -> Node.Scalar? {
        if let value = values[name] { return value }
        guard let variable = variables[name], let scalar = variable.node.scalar else { return nil }
        path.append(name)
        defer { path.removeLast() }
        let value = Expression.isIn(scalar.string) ? resolve(scalar, variable.node, variable.origin, nil) : scalar
        values[name] = .some(value)
        return value
    }
}
