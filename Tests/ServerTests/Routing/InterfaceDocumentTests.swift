import Foundation
import HTTPTypes
import Server
import Testing

/// The document of the interface and the routes that answer are one table.
@Suite struct InterfaceDocumentTests {
    private func document() throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(InterfaceDocument.bytes(Routes.all)))
        return try #require(value as? [String: Any])
    }

    @Test func everyRouteForProgramsIsInTheDocumentAndNoOther() throws {
        let paths = try #require(try document()["paths"] as? [String: [String: Any]])
        let documented = Set(paths.flatMap { path, methods in methods.keys.map { "\($0) \(path)" } })
        let own = Routes.all.filter { $0.family == .api }
        #expect(documented == Set(own.map { "\($0.method.rawValue.lowercased()) \(InterfaceDocument.path($0))" }))
    }

    @Test func everyDocumentedPathIsAnsweredByItsRoute() throws {
        for route in Routes.all {
            let path = route.path.replacing("{name...}", with: "a/b").replacing("{path...}", with: "a")
                .replacing(/\{\w+\}/, with: "x")
            guard case .route(let found, _) = Routes.table.match(route.method, try RequestPath(path)) else {
                Issue.record("\(route.method) \(path) has no route")
                continue
            }
            #expect(found.path == route.path)
        }
    }

    @Test func everyReferenceLeadsToASchema() throws {
        let text = String(decoding: InterfaceDocument.bytes(Routes.all), as: UTF8.self)
        let names = text.matches(of: /#\/components\/schemas\/(\w+)/).map { String($0.1) }
        #expect(!names.isEmpty)
        for name in names { #expect(Schemas.all[name] != nil, "\(name)") }
    }

    @Test func operationsHaveNamesOfTheirOwn() throws {
        let paths = try #require(try document()["paths"] as? [String: [String: [String: Any]]])
        let names = paths.values.flatMap { $0.values.compactMap { $0["operationId"] as? String } }
        #expect(Set(names).count == names.count)
    }
}
