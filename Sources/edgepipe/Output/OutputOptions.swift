import ArgumentParser

/// The forms in which a command prints records.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json, jsonl, csv, markdown
}

/// A command that prints records and, on request, the time and memory that it used.
protocol RecordCommand: ParsableCommand {
    var records: OutputOptions { get }
}

/// Options of every command: what it prints.
struct OutputOptions: ParsableArguments {
    @Option(help: "How to print: table, json, jsonl, csv or markdown.")
    var format = OutputFormat.table

    @Flag(name: .customLong("json"), help: "Short for --format json.")
    var isJSON = false

    @Flag(name: .shortAndLong, help: "Print no progress and no remarks.")
    var quiet = false

    @Flag(
        name: .shortAndLong,
        help: "Also print every row of long tables, and the time and memory that the command took."
    )
    var verbose = false

    var chosen: OutputFormat { isJSON ? .json : format }

    /// Prints records: as a table of cells, or each whole record as JSON.
    func print<Record: Encodable>(_ records: [Record], columns: [String], row: (Record) -> [String]) throws {
        switch chosen {
        case .json: try Console.print(json: records)
        case .jsonl: for record in records { try Console.print(json: record, isPretty: false) }
        case .table: Console.print(Table(columns: columns, rows: records.map(row)).plain)
        case .csv: Console.print(Table(columns: columns, rows: records.map(row)).csv)
        case .markdown: Console.print(Table(columns: columns, rows: records.map(row)).markdown)
        }
    }

    /// Prints one record: whole as JSON, or as the text that `tables` returns.
    func print(_ record: some Encodable, tables: (OutputFormat) -> String) throws {
        switch chosen {
        case .json: try Console.print(json: record)
        case .jsonl: try Console.print(json: record, isPretty: false)
        case .table, .csv, .markdown: Console.print(tables(chosen))
        }
    }
}

/// Options of every command that runs for a while.
struct WorkOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Number of threads; default: all processors.", valueName: "n"))
    var threads: Int?

    func validate() throws {
        if let threads, !(1...1024).contains(threads) { throw ValidationError("--threads takes 1 to 1024.") }
    }
}

/// The option of every command that accepts a model of the Hub.
struct HubOptions: ParsableArguments {
    @Flag(help: "Take hf:// models from the local cache alone; download nothing.")
    var offline = false
}

/// The option of every command that uses a registry.
struct RegistryOptions: ParsableArguments {
    @Option(
        name: .customLong("registry"),
        help: ArgumentHelp(
            "The registry's file, or to ask one from afar oci://host/path or https://host; EDGEPIPE_REGISTRY, or registry.db.",
            valueName: "path"
        )
    )
    var path: String?

    @Flag(help: "An OCI registry speaks plain HTTP.")
    var insecure = false
}
