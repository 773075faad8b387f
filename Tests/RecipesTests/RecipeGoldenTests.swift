import BinaryIO
import Foundation
import Recipes
import SystemPackage
import Tensors
import TestSupport
import Testing

/// Costs of real tensors, and the least that any choice of types costs, found by a search that tries all sums of bytes; see
/// scripts/recipe_goldens.py.
@Suite struct RecipeGoldenTests {
    private struct Golden: Decodable {
        struct Tensor: Decodable {
            let name: String
            let choices: [Choice]
        }

        struct Choice: Decodable {
            let type: String
            let bytes: Int
            let cost: Double

            init(from decoder: any Decoder) throws {
                var values = try decoder.unkeyedContainer()
                type = try values.decode(String.self)
                bytes = try values.decode(Int.self)
                cost = try values.decode(Double.self)
            }
        }

        struct Size: Decodable {
            let bytes: Int
            let leastCost: Double
            let types: [String]
        }

        let tensors: [Tensor]
        let sizes: [Size]
    }

    /// The shipped model, and a mixture of four experts with random weights.
    @Test(arguments: ["tiny-phi3", "mixtral-tiny"])
    func theSearchComesWithinAPercentOfTheBestThatThereIs(_ name: String) throws {
        let path = Goldens.packageRoot.appending("Tests/Goldens/recipes/\(name).json")
        let golden = try JSONDecoder().decode(Golden.self, from: Data(try readFile(path, limit: 1 << 20)))
        let search = BudgetSearch(
            try golden.tensors.map { tensor in
                try tensor.choices.map { choice in
                    let type = try #require(TensorType(name: choice.type), "\(tensor.name)")
                    return BudgetSearch.Option(type: type, bytes: choice.bytes, cost: choice.cost)
                }
            }
        )
        #expect(golden.sizes.count == 5)
        for size in golden.sizes {
            let found = try #require(search.best(within: size.bytes))
            #expect(found.bytes <= size.bytes)
            #expect(found.cost >= size.leastCost * (1 - 1e-9), "\(size.bytes) bytes: nothing is better than the best")
            #expect(found.cost <= size.leastCost * 1.01, "\(size.bytes) bytes: \(found.cost / size.leastCost)")
            let types = size.types.compactMap(TensorType.init(name:))
            #expect(types.count == size.types.count)
            let least = try #require(search.selection(of: types))
            #expect(abs(least.cost / size.leastCost - 1) < 1e-9, "both searches add up alike")
        }
    }
}
