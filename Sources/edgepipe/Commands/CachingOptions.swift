import ArgumentParser
import BinaryIO
import Foundation
import Pipeline
import Steps
import SystemPackage

/// Where products of steps are kept, of every command that makes or takes some.
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

    /// The option as it is written, else the environment; nil for the folder beside the registry.
    static func text(_ option: String?) -> String? {
        (option ?? ProcessInfo.processInfo.environment["EDGEPIPE_CACHE"]).flatMap { $0.isEmpty ? nil : $0 }
    }

    static func place(_ option: String?) -> CacheOptions.Place? { text(option).map { .init($0) } }
}

extension CacheMode: ExpressibleByArgument {}
