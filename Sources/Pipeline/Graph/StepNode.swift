import BinaryIO
import SystemPackage

/// One product of a step: the whole of it, or one build of several.
package struct StepNode: Sendable {
    /// The name of a node: `f16`, or `quality[q4_k_m]` of a step with a product for each of several builds.
    package struct Name: Sendable, Hashable, CustomStringConvertible {
        package let step: String
        /// The build's type; nil if the step has one product.
        package let build: String?

        package init(step: String, build: String? = nil) { (self.step, self.build) = (step, build) }

        package var description: String { build.map { "\(step)[\($0)]" } ?? step }
    }

    package let name: Name
    package let key: StepKey

    package init(_ name: Name, _ key: StepKey) { (self.name, self.key) = (name, key) }

    /// The node's product as an input of another node.
    package var asInput: StepKey.Input { .product(of: name, key: key.digest) }

    /// Returns the folder in which its files have their names.
    /// - Parameter workFolder: the pipeline's folder.
    func folder(in workFolder: FilePath) -> FilePath {
        workFolder.appending(folderName)
    }

    /// Returns the folder in which its files are made.
    /// - Parameter workFolder: the pipeline's folder.
    func workshop(in workFolder: FilePath) -> FilePath {
        workFolder.appending(".making").appending(folderName)
    }

    private var folderName: String {
        let build = name.build.map { "-\($0)" } ?? ""
        return "\(name.step)\(build)-\(key.digest.short)"
    }

    /// The nodes whose products this one takes.
    package var inputs: [Name] {
        key.inputs.values.compactMap { input in
            guard case .product(let name, _) = input else { return nil }
            return name
        }
    }
}
