import Settings
import Testing

@Suite struct ExpressionTests {
    private func expressions(in text: String) throws -> [String] {
        try Expression.pieces(of: text).map { piece in
            switch piece {
            case .text(let words): "'\(words)'"
            case .expression(let expression): "\(expression.scope) \(expression.name)"
            }
        }
    }

    @Test(arguments: [
        ("plain", ["'plain'"]), ("", []), ("${{vars.a}}", ["vars a"]), ("${{ env.HOME }}", ["env HOME"]),
        ("a-${{ vars.b }}-c${{ matrix.d-e_1 }}", ["'a-'", "vars b", "'-c'", "matrix d-e_1"]),
        ("$ {{ a }} $${ {{", ["'$ {{ a }} $${ {{'"]), ("}}${{ vars.a }}}}", ["'}}'", "vars a", "'}}'"]),
    ])
    func aTextIsTakenApart(_ text: String, _ pieces: [String]) throws {
        #expect(try expressions(in: text) == pieces)
    }

    @Test(arguments: ["${{ vars.a", "${{", "x ${{ vars.a }"])
    func anExpressionThatDoesNotEndIsRefused(_ text: String) throws {
        let problem = try #require(throws: Expression.Problem.self) { try Expression.pieces(of: text) }
        #expect(problem.message == "'${{' is not closed. End the expression with '}}'.")
    }

    @Test(arguments: [
        "${{ }}", "${{ vars }}", "${{ vars.a.b }}", "${{ vars.a || 1 }}", "${{ vars. }}", "${{ ${{ vars.a }} }}",
    ])
    func whatIsNotOneNameIsRefused(_ text: String) throws {
        let problem = try #require(throws: Expression.Problem.self) { try Expression.pieces(of: text) }
        #expect(problem.message.hasSuffix("is not an expression. Write one name, such as ${{ vars.context }}."))
    }
}
