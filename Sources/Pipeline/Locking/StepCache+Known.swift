import SystemPackage

extension StepCache {
    /// Returns the record of a node that was made before, whether or not its files still exist.
    package func known(_ node: StepNode) throws -> StepProduct? {
        try product(for: node.key.digest, in: node.folder(in: ""))
    }
}
