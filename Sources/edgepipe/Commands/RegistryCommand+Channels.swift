import Answers
import ArgumentParser
import BinaryIO
import Foundation
import Registry

extension RegistryCommand {
    struct PromoteCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "promote",
            abstract: "Point a channel to a version.",
            discussion: """
                EXAMPLES
                  edgepipe registry promote phi3@1.1.0 production --why 'lower divergence, same memory'
                  edgepipe registry promote phi3@1.0.0 production --expect 1.1.0 --why 'heat on older phones'

                Who, when and why stay in the channel's history, with what was measured of the version by then.
                """
        )
        @Argument(help: "model@version") var version: String
        @Argument(help: "The channel, such as candidate or production.") var channel: String
        @Option(help: ArgumentHelp("Move it only if it points to this version (or nothing) now.", valueName: "version"))
        var expect: String?
        @Option(help: ArgumentHelp("Reason for the move.", valueName: "text")) var why: String
        @Option(help: ArgumentHelp("Who moves it; default: the user's name.", valueName: "name")) var who = NSUserName()
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let move = try registry.changing { session in
                try session.promote(
                    version,
                    to: channel,
                    expecting: expect,
                    because: MoveReason(who: who, why: why)
                )
            }
            try records.print(move) { _ in
                let before = move.from.map { "\($0)" } ?? "nothing"
                return "\(move.model)@\(move.channel): \(move.to), before \(before)"
            }
        }
    }

    struct HistoryCommand: RecordCommand {
        static let configuration = CommandConfiguration(
            commandName: "history",
            abstract: "List every move of a model's channels: when, who, why, and on which figures.",
            discussion: """
                EXAMPLES
                  edgepipe registry history phi3
                  edgepipe registry history phi3 --json
                """
        )
        @Argument(help: "The model.") var model: String
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var records: OutputOptions

        func run() throws {
            let columns = ["when", "channel", "from", "to", "who", "why", "bits/byte"]
            try records.print(try registry.reading { try $0.history(of: model) }, columns: columns) { move in
                [
                    move.at.formatted(.iso8601), move.channel, move.from.map { "\($0)" } ?? "-", "\(move.to)",
                    move.reason.who, move.reason.why, Self.quality(move),
                ]
            }
        }

        private static func quality(_ move: ChannelMove) -> String {
            move.numbers.sorted { $0.key < $1.key }.compactMap { type, metrics in
                metrics[Metric.bitsPerByte].map { "\(type) \(numberText($0, 4))" }
            }.joined(separator: ", ")
        }
    }
}
