import ArgumentParser
import Pipeline
import Steps

struct EmitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "emit",
        abstract: "Print a pipeline file in the form of other programs.",
        discussion: """
            EXAMPLES
              edgepipe emit github pipelines/phi3.yaml
            """,
        subcommands: [GitHubCommand.self]
    )

    struct GitHubCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "github",
            abstract: "Print a job matrix for GitHub Actions, one job for each build.",
            discussion: """
                EXAMPLES
                  edgepipe emit github pipelines/phi3.yaml
                  echo "matrix=$(edgepipe emit github pipelines/phi3.yaml)" >> "$GITHUB_OUTPUT"

                The next job uses it:
                  strategy:
                    matrix: ${{ fromJSON(needs.plan.outputs.matrix) }}
                  steps:
                    - run: edgepipe run pipelines/phi3.yaml ${{ matrix.arguments }}

                Each entry has name, pipeline, model, steps, types, arguments, memoryBytes and diskBytes, as `plan` \
                forecasts them. A matrix has at most \(BuildMatrix.mostJobs) jobs; for more builds, each job makes several.
                """
        )

        @OptionGroup var pipeline: PipelineFileOptions
        @OptionGroup var registry: RegistryOptions
        @OptionGroup var hub: HubOptions

        func run() throws {
            let file = try pipeline.read()
            var options = RunOptions(registry: try registry.file)
            options.isOffline = hub.offline
            let plans = try pipeline.definitions(of: file).map { definition in
                (definition: definition, plan: try PipelineRunner(definition, options).plan())
            }
            try Console.print(json: BuildMatrix(plans), isPretty: false)
        }
    }
}
