import BinaryIO
import GRDB
import Registry
import TestSupport
import Testing

let someRecipe = RecipeRecord(
    budgetBytes: 1_200_000_000,
    ladder: "k",
    predictedKld: 0.031,
    presetType: "q3_k_m",
    presetPredictedKld: 0.06,
    textDigest: BinaryIO.SHA256Digest(of: "text".utf8),
    toolVersion: "0.1.0",
    tensors: [.init(name: "blk.0.attn_q.weight", type: "Q4_K", bytes: 1000, kldShare: 0.001)]
)

@Suite struct RecipesTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func publish(_ recipes: [RecipeRecord], into registry: ModelRegistry) throws -> BuildRecord {
        var publication = try publication(scratch.file("a"))
        publication.builds[0].recipes = recipes
        return try registry.publish(publication)[0].record
    }

    @Test func whatIsPublishedComesBackOnce() throws {
        let registry = try scratch.registry()
        let build = try publish([someRecipe], into: registry)
        _ = try publish([someRecipe], into: registry)
        #expect(try registry.recipes(of: build.digest) == [someRecipe])
        #expect(try registry.details(of: build).recipes == [someRecipe])
        #expect(try registry.verify(readData: true).isSound)
    }

    @Test func whatIsNoRecipeIsRefused() throws {
        let registry = try scratch.registry()
        var wrong = [someRecipe, someRecipe, someRecipe, someRecipe]
        wrong[0].tensors = []
        wrong[1].predictedKld = .nan
        wrong[2].tensors[0].kldShare = -1
        wrong[3].budgetBytes = 0
        for record in wrong { #expect(refusal { _ = try publish([record], into: registry) } != nil) }
        #expect(try registry.builds().isEmpty)
    }

    @Test func itIsNotChangedLater() throws {
        let registry = try scratch.registry()
        _ = try publish([someRecipe], into: registry)
        for statement in ["UPDATE recipe SET payload = '{}'", "DELETE FROM recipe"] {
            let error = refusal { try registry.inspectWriter { try $0.execute(sql: statement) } }
            #expect(error?.description.contains("never changed or removed") == true)
        }
    }
}
