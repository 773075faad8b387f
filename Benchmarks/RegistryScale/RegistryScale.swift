import Answers
import BinaryIO
import DeviceFit
import Foundation
import Registry
import SystemPackage

/// Fills a registry with very many builds and measures what people wait for: a query, and a publication.
///
///     RegistryScale FOLDER [MODELS] [SHAPES]
///
/// The rows are written by the code that publishes; bytes are stored for those builds alone whose publication is measured.
@main
struct RegistryScale {
    static func main() throws {
        let words = CommandLine.arguments
        guard words.count > 1 else { fatalError("usage: RegistryScale FOLDER [MODELS] [SHAPES]") }
        let folder = FilePath(words[1])
        let models = words.count > 2 ? Int(words[2]) ?? 2000 : 2000
        let shapes = words.count > 3 ? Int(words[3]) ?? 200 : 200
        try makeFolder(folder)
        let path = folder.appending("registry.db")
        if FileStatus(path) == nil {
            let begin = ContinuousClock.now
            try Filling(models: models, shapes: shapes).fill(path)
            print("filled in \(seconds(since: begin)) s")
        }
        let registry = try ModelRegistry(path: path, mode: .readOnly)
        print("\(try registry.standingCount() ?? 0) builds, \((FileStatus(path)?.byteCount ?? 0) >> 20) MiB")
        try registry.close()
        try measureQueries(path, models: models)
        try measurePublications(path, in: folder)
    }

    private static func measureQueries(_ path: FilePath, models: Int) throws {
        var random = SystemRandomNumberGenerator()
        let devices = try DeviceCatalogue().devices.map(\.id)
        func measure(_ name: String, _ make: () throws -> BuildQuery) throws {
            var times: [Double] = []
            var parts = Parts()
            var named = 0
            for round in 0..<300 {
                let query = try make()
                let begin = ContinuousClock.now
                var opened = begin
                var known = begin
                let answer = try RegistrySession.with(path) { session in
                    opened = .now
                    _ = try session.catalogue()
                    known = .now
                    return try query.answer(from: session)
                }
                let answered = ContinuousClock.now
                _ = try JSONEncoder().encode(answer)
                times.append(seconds(since: begin) * 1000)
                parts.add(
                    opening: opened - begin,
                    devices: known - opened,
                    answering: answered - known,
                    encoding: .now - answered
                )
                // Whatever makes it quick must not change it.
                if round < 10, query.model == nil { try compare(answer, query, path) }
                named += (answer.best == nil ? 0 : 1) + answer.alternatives.count
            }
            report(name, times, "\(named / times.count) builds named on average; \(parts)")
        }
        try measure("query by memory") {
            var query = BuildQuery()
            query.ram = ByteSize(bytes: Int.random(in: 1_000_000_000...8_000_000_000, using: &random))
            query.platform = Bool.random(using: &random) ? .android : .ios
            return query
        }
        try measure("query by device") {
            var query = BuildQuery()
            query.devices = [devices.randomElement(using: &random) ?? ""]
            return query
        }
        try measure("query by model") {
            var query = BuildQuery()
            query.model = "model-\(Int.random(in: 0..<models, using: &random))"
            query.devices = [devices.randomElement(using: &random) ?? ""]
            return query
        }
        try measure("query by channel") {
            var query = BuildQuery()
            query.channel = "stable"
            query.devices = [devices.randomElement(using: &random) ?? ""]
            return query
        }
        try measure("query for too much speed") {
            var query = BuildQuery()
            query.devices = [devices.randomElement(using: &random) ?? ""]
            query.minSpeed = 1000
            return query
        }
        try measure("query by licence") {
            var query = BuildQuery()
            query.devices = [devices.randomElement(using: &random) ?? ""]
            query.license = "gemma"
            return query
        }
        try measure("query for too little") {
            var query = BuildQuery()
            query.ram = ByteSize(bytes: 200_000_000)
            query.platform = .android
            return query
        }
    }

    private static func compare(_ answer: QueryAnswer, _ query: BuildQuery, _ path: FilePath) throws {
        let walked = try RegistrySession.with(path) { try query.answer(from: $0, ranking: .few(patience: .max)) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        guard try encoder.encode(answer) == encoder.encode(walked) else {
            fatalError("a walk through all standings gives another answer to \(query)")
        }
    }

    /// Publications of files of a few kilobytes: what is left is the registry's own time.
    private static func measurePublications(_ path: FilePath, in folder: FilePath) throws {
        let run = UInt32.random(in: 0 ... .max)
        var times: [Double] = []
        for number in 0..<200 {
            let file = folder.appending("tiny.gguf")
            try writeFile(TinyFile.bytes(number: Int(run) << 16 | number), to: file)
            let facts = BuildFacts(
                quantType: "F32",
                bitsPerWeight: 32,
                sourceURI: "file:tiny.gguf",
                license: "mit",
                profile: "{}"
            )
            let publication = Publication(
                model: "published-\(run)",
                version: try ModelVersion(parsing: "1.\(number).0"),
                builds: [BuildDraft(type: "f32", file: file, facts: facts)],
                toolVersion: "0.1.0"
            )
            let begin = ContinuousClock.now
            // Opened anew each time, as a command does.
            let registry = try ModelRegistry(path: path, mode: .openExisting)
            _ = try registry.publish(publication)
            try registry.close()
            times.append(seconds(since: begin) * 1000)
        }
        report("publish", times, "files of \(TinyFile.bytes(number: 0).count) bytes")
    }

    private static func report(_ name: String, _ times: [Double], _ remark: String) {
        let sorted = times.sorted()
        func percentile(_ share: Double) -> String {
            sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
                .formatted(.number.precision(.fractionLength(1)))
        }
        print(
            "\(name): median \(percentile(0.5)) ms, 99th percentile \(percentile(0.99)) ms, slowest "
                + "\(percentile(1)) ms; \(remark)"
        )
    }

    private static func seconds(since begin: ContinuousClock.Instant) -> Double {
        let duration = (ContinuousClock.now - begin).components
        return Double(duration.seconds) + Double(duration.attoseconds) * 1e-18
    }
}

/// Where the time of queries goes, as means.
struct Parts: CustomStringConvertible {
    private var sums: [(name: String, time: Duration)] = []
    private var count = 0

    mutating func add(opening: Duration, devices: Duration, answering: Duration, encoding: Duration) {
        let own = [("opening", opening), ("devices", devices), ("answering", answering), ("encoding", encoding)]
        count += 1
        if sums.isEmpty {
            sums = own
        } else {
            for index in own.indices { sums[index].time += own[index].1 }
        }
    }

    var description: String {
        sums.map { part in
            let milliseconds = part.time / .milliseconds(count)
            return "\(part.name) \(milliseconds.formatted(.number.precision(.fractionLength(1))))"
        }.joined(separator: ", ")
    }
}
