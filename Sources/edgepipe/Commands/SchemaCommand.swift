import ArgumentParser
import Pipeline
import Steps

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of pipeline files, for editors.",
        discussion: """
            EXAMPLES
              edgepipe schema > edgepipe.schema.json
              edgepipe schema --imported > edgepipe-import.schema.json

            Editors with yaml-language-server check and complete a file if its first line names the schema:
              # yaml-language-server: $schema=edgepipe.schema.json
            """
    )

    @Flag(help: "Print the schema of imported files, which contain only variables and steps.")
    var imported = false

    func run() {
        Console.print(StepKinds.schema.json(of: imported ? .imported : .pipeline), terminator: "")
    }
}
