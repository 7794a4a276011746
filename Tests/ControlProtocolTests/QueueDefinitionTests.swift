import ControlProtocol
import Foundation
import Testing

/// The types and methods of the queue against the interface definition.
@Suite struct QueueDefinitionTests {
    /// The stretches of the interface that are about the queue: the whole has a type and a method of the name `Request`,
    /// which the parser takes for a mistake.
    private let definition = Result {
        func stretch(_ from: String, _ to: String) throws -> Substring {
            let whole = Wire.definition
            let start = try #require(whole.range(of: from)).lowerBound
            return whole[start..<(try #require(whole.range(of: to)).lowerBound)]
        }
        let types = try stretch("# What the user wants.", "# One expert that guided an adapter")
        let methods = try stretch("# Queue an intent and return:", "# An expert as seen from an intent.")
        return try InterfaceDefinition(parsing: "interface io.sglorad\n\n\(types)\(methods)")
    }

    @Test func typesAreThoseOfTheInterface() throws {
        let definition = try definition.get()
        #expect(definition.mismatches(of: Wire.Intent.self, typed: "Intent") == [])
        #expect(definition.mismatches(of: Wire.Request.self, typed: "Request") == [])
    }

    @Test func methodsAreThoseOfTheInterface() throws {
        let definition = try definition.get()
        func check<Method: ControlMethod>(_ method: Method.Type) {
            #expect(definition.mismatches(of: Method.Parameters.self, inputOf: Method.name) == [])
            #expect(definition.mismatches(of: Method.Reply.self, outputOf: Method.name) == [])
            #expect(Methods.all.contains { $0.name == Method.name })
        }
        check(Methods.Submit.self)
        check(Methods.GetRequest.self)
        check(Methods.ListRequests.self)
        check(Methods.CancelRequest.self)
        check(Methods.RetryRequest.self)
        check(Methods.Forget.self)
        #expect(definition.methods.count == 6)
    }
}
