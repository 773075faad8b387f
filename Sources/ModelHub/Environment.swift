import SystemPackage

extension [String: String] {
    /// An environment variable's value; one that is set to nothing counts as not set.
    func variable(_ name: String) -> String? { self[name].flatMap { $0.isEmpty ? nil : $0 } }

    func path(_ name: String) -> FilePath? { variable(name).map { FilePath($0) } }
}
