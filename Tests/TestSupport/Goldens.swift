import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Where tests find files that are not Swift.
public enum Goldens {
    /// The folder of Package.swift.
    public static let packageRoot = FilePath(#filePath)
        .removingLastComponent().removingLastComponent().removingLastComponent()

    /// Reference results of our own tiny model, part of the project.
    public static let tinyPhi3 = packageRoot.appending("Tests/Goldens/tiny-phi3")

    /// Other people's reference data, which is not part of the project: the folder that `EDGEPIPE_GOLDENS` names, or
    /// `shared/goldens` beside the package.
    public static let folder: FilePath? = firstFolder(
        variable("EDGEPIPE_GOLDENS"),
        packageRoot.removingLastComponent().appending("shared/goldens")
    )

    /// Real vocabularies with test strings and expected ids.
    public static let vocabularies = folder.flatMap { firstFolder($0.appending("vocab")) }

    /// GGUF files of the tiny model, made by llama.cpp: the folder that `EDGEPIPE_TEST_MODELS` names.
    public static let testModels = firstFolder(variable("EDGEPIPE_TEST_MODELS"))

    /// What llama.cpp's own tests expect of its mixes: the folder that `EDGEPIPE_SNAPSHOTS` names.
    public static let snapshots = firstFolder(variable("EDGEPIPE_SNAPSHOTS"))

    private static func variable(_ name: String) -> FilePath? { getenv(name).map { FilePath(String(cString: $0)) } }

    private static func firstFolder(_ candidates: FilePath?...) -> FilePath? {
        candidates.compactMap { $0 }.first { access($0.string, R_OK | X_OK) == 0 }
    }
}
