import SystemPackage

extension StepCache {
    /// What the cache says of a node that was made before, whether or not its files are still there.
    package func known(_ node: StepNode) throws -> StepProduct? {
        try product(for: node.key.digest, in: node.folder(in: ""))
    }
}
