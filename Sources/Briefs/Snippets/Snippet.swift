import DeviceFit

/// The frameworks that load a build.
public enum SnippetKind: String, Sendable, CaseIterable {
    case swift, kotlin
    case reactNative = "react-native"
    case flutter

    /// The language's name after a Markdown fence.
    public var fence: String {
        switch self {
        case .swift: "swift"
        case .kotlin: "kotlin"
        case .reactNative: "typescript"
        case .flutter: "dart"
        }
    }
}

/// Code that loads a build and runs a prompt, with the build's own values.
public struct Snippet: Sendable {
    /// The framework that the code is for.
    public let kind: SnippetKind
    /// The build that it loads.
    public let build: BriefedBuild

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(_ kind: SnippetKind, for build: BriefedBuild) { (self.kind, self.build) = (kind, build) }

    /// The code.
    public var text: String {
        switch kind {
        case .swift: swift
        case .kotlin: kotlin
        case .reactNative: reactNative
        case .flutter: flutter
        }
    }

    var context: Int { build.estimate.context }
    var batch: Int { build.estimate.batch }
    var cacheType: String { build.estimate.kvType }

    /// The texts that end an answer.
    var stopTokens: [String] { build.profile.chat?.endTokens ?? [] }

    /// The texts that end an answer, in a form for a comment.
    var namedStops: String { stopTokens.map(\.inComment).joined(separator: ", ") }

    /// The build's name, in a form for a comment.
    var name: String { build.build.inComment }

    var hasTemplate: Bool { build.profile.chat?.hasTemplate ?? false }
}
