import ArgumentParser
import BinaryIO
import Recipes
import Steps
import SystemPackage

/// The options of `quantize` for the best file of a size, in place of a type.
struct RecipeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Make the best file of at most this size, such as 1.2GB.", valueName: "size"))
    var size: String?

    @Option(help: ArgumentHelp("Make the best file of this many bits a weight, such as 3.5.", valueName: "bits"))
    var bpw: Double?

    @Option(help: ArgumentHelp("Make the best file that fits a device of the catalogue.", valueName: "device"))
    var fit: String?

    @Option(
        help: ArgumentHelp("For --fit: context length in tokens that must fit, too; default: 4096.", valueName: "n")
    )
    var context: Int?

    @Option(help: ArgumentHelp("For --fit: lowest acceptable speed, in tokens a second.", valueName: "n"))
    var tokensPerSecond: Double?

    @Option(
        help: ArgumentHelp(
            "The types to choose from: k, the K types, which phones multiply fast; all; or a list such as q3_k,q4_k.",
            valueName: "types"
        )
    )
    var ladder = "k"

    @Option(
        help: ArgumentHelp("Also judge the file on a text of another domain; repeat it for several.", valueName: "file")
    )
    var judgeText: [String] = []

    @Option(help: ArgumentHelp("Cache the tensors' costs in this folder, for the next size.", valueName: "folder"))
    var costs: String?

    @Option(help: ArgumentHelp("Number of text windows that costs are computed on.", valueName: "n"))
    var costChunks = 16

    @Option(help: ArgumentHelp("Number of windows that the file is judged on.", valueName: "n"))
    var judgeChunks = 8

    @Option(help: ArgumentHelp("Random seed of the labels that costs are computed with.", valueName: "n"))
    var seed: UInt64 = 0

    @Option(
        help: ArgumentHelp(
            "Write the tensors' types as llama-quantize's --tensor-type-file reads them.",
            valueName: "file"
        )
    )
    var saveTypes: String?

    /// The requested goal; nil if a type is named instead.
    var goal: RecipeGoal? {
        get throws {
            if let size {
                return .budget(.bytes(try Operations.byteCount(size)))
            }
            if let bpw { return .budget(.bitsPerWeight(bpw)) }
            return fit.map { .device(id: $0, context: context, tokensPerSecond: tokensPerSecond) }
        }
    }

    var isUsed: Bool { size != nil || bpw != nil || fit != nil }

    func validate() throws {
        if [size != nil, bpw != nil, fit != nil].count(where: { $0 }) > 1 {
            throw ValidationError("Give one of --size, --bpw and --fit.")
        }
        if let bpw, !(bpw > 0 && bpw <= 32) { throw ValidationError("--bpw takes a number above 0, up to 32.") }
        if TypeLadder(ladder) == nil {
            throw ValidationError("--ladder takes k, all, or tensor types with commas between, such as q3_k,q4_k.")
        }
        if let tokensPerSecond, !(tokensPerSecond > 0) {
            throw ValidationError("--tokens-per-second takes more than 0.")
        }
        if costChunks < 1 || judgeChunks < 1 {
            throw ValidationError("--cost-chunks and --judge-chunks take 1 or more.")
        }
        if fit == nil {
            try refuse(
                ignored: ["--context": context != nil, "--tokens-per-second": tokensPerSecond != nil],
                because: "there is no --fit."
            )
        }
        if !isUsed {
            try refuse(
                ignored: [
                    "--judge-text": !judgeText.isEmpty, "--costs": costs != nil, "--save-types": saveTypes != nil,
                ],
                because: "no --size, --bpw or --fit asks for a recipe."
            )
        }
    }

    /// - Throws: `StepsError` for an invalid size.
    func request(model: String, text: String, _ settings: QuantizeSettings, threads: Int) throws -> RecipeRequest {
        guard let goal = try goal, let ladder = TypeLadder(ladder) else {
            throw ValidationError("Give one of --size, --bpw and --fit.")
        }
        var costs = CostRequest(model: FilePath(model), text: FilePath(text))
        (costs.ladder, costs.chunks, costs.seed, costs.threads) = (ladder, costChunks, seed, threads)
        var request = RecipeRequest(costs, goal, settings)
        (request.folder, request.typeFile) = (self.costs.map { FilePath($0) }, saveTypes.map { FilePath($0) })
        (request.otherTexts, request.judgedChunks) = (judgeText.map { FilePath($0) }, judgeChunks)
        return request
    }
}
