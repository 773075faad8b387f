import ArgumentParser
import BinaryIO
import Foundation
import Pipeline
import Steps
import SystemPackage

/// Where products of steps are stored, for every command that makes or reads some.
struct CachingOptions: ParsableArguments {
    @Option(
        name: .customLong("cache"),
        help: ArgumentHelp(
            "The cache of step results: a folder or http://host; default: EDGEPIPE_CACHE, or the folder beside the registry.",
            valueName: "place"
        )
    )
    var place: String?

    @Option(
        name: .customLong("cache-mode"),
        help: ArgumentHelp(
            "on; off (no cache); refresh (make everything again and store it); readonly (store nothing).",
            valueName: "mode"
        )
    )
    var mode: CacheMode = .on

    var options: CacheOptions {
        var options = CacheOptions()
        (options.place, options.mode) = (Self.place(place), mode)
        return options
    }

    /// Returns the option as it is written, otherwise the environment variable; nil for the folder beside the registry.
    static func text(_ option: String?) -> String? {
        (option ?? ProcessInfo.processInfo.environment["EDGEPIPE_CACHE"]).flatMap { $0.isEmpty ? nil : $0 }
    }

    static func place(_ option: String?) -> CacheOptions.Place? { text(option).map { .init($0) } }
}

/// The cache that the machines of a cluster share.
struct SharedCacheOptions: ParsableArguments {
    @Option(
        name: .customLong("cache"),
        help: ArgumentHelp(
            "The cache that all machines share: a folder or http://host; default: EDGEPIPE_CACHE.",
            valueName: "place"
        )
    )
    var option: String?

    /// The place as it is written; nil if it is not given.
    var text: String? { CachingOptions.text(option) }
    var place: CacheOptions.Place? { CachingOptions.place(option) }

    /// - Throws: `ValidationError` if no place is given.
    func require() throws {
        guard text != nil else { throw ValidationError("Give --cache or EDGEPIPE_CACHE.") }
    }
}

extension CacheMode: ExpressibleByArgument {}
