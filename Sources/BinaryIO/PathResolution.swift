import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Resolves the symbolic links of paths.
extension FilePath {
    /// The most links to follow, as many as the system does; more are circular.
    private static let mostLinks = 40

    /// The absolute path without links, as far as it exists; the rest is kept as it is written.
    public func resolvingLinks() -> FilePath {
        var resolved = isAbsolute ? self : Self.currentFolder.pushing(self)
        // A dangling link has a target too.
        for _ in 0..<Self.mostLinks {
            if let real = realpath(resolved.string, nil) {
                defer { free(real) }
                return FilePath(String(cString: real))
            }
            guard let target = resolved.linkTarget else {
                guard let name = resolved.lastComponent else { break }
                return resolved.removingLastComponent().resolvingLinks().appending(name)
            }
            resolved = resolved.removingLastComponent().pushing(target)
        }
        return resolved
    }

    /// The path with only the links of its last component followed, so that the files beside the target can be found.
    public func followingLastLink() -> FilePath {
        var followed = self
        for _ in 0..<Self.mostLinks {
            guard let target = followed.linkTarget else { return followed }
            followed = followed.removingLastComponent().pushing(target)
        }
        return self
    }

    /// The target of the link; nil if the path is not a link.
    private var linkTarget: FilePath? {
        var text = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink(string, &text, text.count - 1)
        guard count > 0 else { return nil }
        return FilePath(String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    private static var currentFolder: FilePath {
        guard let name = getcwd(nil, 0) else { return "/" }
        defer { free(name) }
        return FilePath(String(cString: name))
    }
}
